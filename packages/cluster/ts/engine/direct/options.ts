import { invalid } from '../../errors.js';
import type { DirectAddress } from '../engine.js';
import { isDirectAddress, isHost } from '../names.js';

/** Files in PEM. They are read again when they have changed, at the next connection. */
export interface DirectTls {
  /** Names this peer: it has `URI:vmoffer:NAME` as a subject alternative name, for one NAME alone. */
  cert: string;
  key: string;
  /** Who may have signed the certificates of peers. No other authority is believed. */
  ca: string;
}

/** How bytes go from agent to agent over HTTPS instead of through the engine, where two agents reach each other. */
export interface DirectOptions {
  tls: DirectTls;
  /** Where other peers read from this one. Default: nowhere; this peer then reads directly from others alone. */
  listen?: {
    host: string;
    /** 0 takes one that is free. */
    port: number;
  };
  /** What other peers are told instead of `listen`, where they reach it by another name or port. */
  advertise?: { host?: string; port?: number };
}

const ANY_HOST = ['0.0.0.0', '::'];

/** @throws VmoError if the options are none. Files are not looked at. */
export function checkDirectOptions({ tls, listen, advertise }: DirectOptions): void {
  for (const name of ['cert', 'key', 'ca'] as const) checkFile(name, (tls as Partial<DirectTls> | undefined)?.[name]);
  if (!listen) {
    if (advertise) throw invalid('direct.advertise needs direct.listen: { host, port }, which it stands for');
    return;
  }
  checkHost('direct.listen.host', listen.host);
  checkPort('direct.listen.port', listen.port, 0);
  if (advertise?.host !== undefined) checkHost('direct.advertise.host', advertise.host);
  else if (ANY_HOST.includes(listen.host)) {
    throw invalid(`nobody can connect to ${listen.host}; name this host in direct.advertise: { host }`);
  }
  if (advertise?.port !== undefined) checkPort('direct.advertise.port', advertise.port, 1);
}

/** @param port on which the server listens. */
export function advertised({ listen, advertise }: DirectOptions, port: number): DirectAddress | undefined {
  const address = { host: advertise?.host ?? listen?.host, port: advertise?.port ?? port };
  return isDirectAddress(address) ? address : undefined;
}

function checkFile(name: string, file: unknown): void {
  if (typeof file === 'string' && file !== '') return;
  throw invalid(`direct.tls.${name} must be the path of a file in PEM, got ${JSON.stringify(file)}`);
}

function checkHost(name: string, host: unknown): void {
  if (isHost(host)) return;
  throw invalid(`${name} must be the name or the address of a host, got ${JSON.stringify(host)}`);
}

function checkPort(name: string, port: unknown, lowest: number): void {
  if (Number.isInteger(port) && Number(port) >= lowest && Number(port) <= 65535) return;
  throw invalid(`${name} must be a port, from ${lowest} to 65535, got ${JSON.stringify(port)}`);
}
