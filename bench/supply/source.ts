/** The process that supplies the memory. It lives until its parent closes the channel. */
import {
  fileRange,
  loadSupplier,
  supply,
  vmOffer,
  VMO_GRANT_R,
  type SuppliedRegion,
  type SupplierModule,
} from 'vmoffer';
import { addon } from '#ts/load-addon.js';
import { FILLING } from '../filling.js';
import { supplyAlone } from './alone.js';
import { createSupplier } from './filling-supplier.js';
import type { Memory, Order, Reply, Way } from './orders.js';

const TURN_MS = 5;
/** Longer than a bench takes: nobody is to give up. */
const TIMEOUT_MS = 60_000;

let region: SuppliedRegion | undefined;
let isBusy = false;

function moduleOf(way: Way): SupplierModule {
  if (way.kind === 'file') return fileRange(way.path);
  const ms = way.kind === 'worker' ? (way.ms ?? 0) : 0;
  return { module: new URL('filling-supplier.js', import.meta.url), options: { ms } };
}

function supplierOf(way: Way) {
  if (way.kind === 'here') return createSupplier();
  if (way.kind === 'never' || way.kind === 'native') return () => new Promise<never>(() => undefined);
  return moduleOf(way);
}

function begin({ way, byteLength, unit, budget }: Memory): Reply {
  region?.release();
  const limits = { unit, timeoutMs: TIMEOUT_MS, ...(budget !== undefined && { budget }) };
  region = supply(byteLength, { supplier: supplierOf(way), ...limits });
  if (way.kind === 'beforehand') putEveryOther(region);
  if (way.kind === 'native') supplyNatively(region.address);
  return {};
}

function supplyNatively(address: bigint): void {
  const { probe } = addon() as { probe?: { supplyNatively(address: bigint, byte: number): void } };
  if (!probe) throw new Error('the addon `probe` is not loaded');
  probe.supplyNatively(address, FILLING);
}

/** So that each unit has to be asked for: a claim is told of whole runs. */
function putEveryOther({ byteLength, unit }: SuppliedRegion): void {
  const bytes = new Uint8Array(unit).fill(FILLING);
  for (let offset = 0; offset < byteLength; offset += 2 * unit) region?.fill(offset, bytes);
}

function current(): SuppliedRegion {
  if (!region) throw new Error('nothing is supplied yet');
  return region;
}

function setBusy(wanted: boolean): Reply {
  if (wanted && !isBusy) setImmediate(spin);
  isBusy = wanted;
  return {};
}

function spin(): void {
  if (!isBusy) return;
  for (const end = performance.now() + TURN_MS; performance.now() < end;);
  setImmediate(spin);
}

function release(): Reply {
  region?.release();
  region = undefined;
  return {};
}

async function alone({ way, byteLength, unit }: Memory, inFlight: number): Promise<Reply> {
  const supplier = await loadSupplier(moduleOf(way));
  try {
    return { ms: await supplyAlone(supplier, byteLength, unit, inFlight) };
  } finally {
    await supplier[Symbol.asyncDispose]?.();
  }
}

function carryOut(order: Order): Reply | Promise<Reply> {
  switch (order.kind) {
    case 'supply':
      return begin(order.memory);
    case 'offer':
      return { address: vmOffer(order.destPid, current(), VMO_GRANT_R).address };
    case 'stats':
      return { stats: current().stats() };
    case 'release':
      return release();
    case 'busy':
      return setBusy(order.isBusy);
    case 'alone':
      return alone(order.memory, order.inFlight);
  }
}

process.on('message', (order: Order) => {
  void Promise.resolve(carryOut(order)).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => process.exit());
