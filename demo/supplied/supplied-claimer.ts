/** Part 4, a claimer: a program of its own, started with the source's pid. Several of it run at once. */
import { tableFromIPC } from 'apache-arrow';
import type { Claim } from 'vmoffer';
import { expectSame, runProgram } from '../failure.js';
import { sumOfDelays, type Flights } from '../flights.js';
import { count, megabytes, milliseconds, say } from '../say.js';
import { takeAll } from '../take-over.js';
import { checkLayer, readTensors, type ReadRange } from './model.js';
import type { SuppliedAnswer, SuppliedSaid } from './supplied-source.js';
import { placeOfColumn } from './table-file.js';

const MEMORIES = 2;

async function main(): Promise<void> {
  const { memories, letter } = await takeAll<SuppliedSaid, SuppliedAnswer>(MEMORIES);
  const { said } = letter;
  // The larger one is the model.
  const [tableOffer, modelOffer] = [...memories].sort((a, b) => a.byteLength - b.byteLength);
  const start = performance.now();
  using model = await modelOffer?.claim();
  using table = await tableOffer?.claim();
  if (!model || !table) return;
  const claimed = milliseconds(performance.now() - start);
  say(
    'claimer',
    `Claimed ${megabytes(model.byteLength + table.byteLength)} in ${claimed}. None of their bytes is here yet.`,
  );
  letter.reply({ weightCount: await readModel(model, said.layers), sumOfDelays: await readTable(table, said) });
}

/** Weights are read where they lie. Nothing is evicted here, so that the pins may go before the reading is done. */
async function readModel(claim: Claim, layers: readonly number[]): Promise<number> {
  const read: ReadRange = async (offset, byteLength) => {
    using _pin = await claim.ensure(offset, byteLength);
    return claim.view(offset, byteLength);
  };
  const tensors = await readTensors(read);
  let weightCount = 0;
  for (const layer of layers) weightCount += await checkLayer(tensors, layer, read);
  say(
    'claimer',
    `Of the model's ${tensors.size} tensors I have read ${layers.length}: ${count(weightCount)} weights, all right.`,
  );
  return weightCount;
}

/** apache-arrow knows nothing of suppliers. It touches the index at the file's end, and waits for it without knowing. */
async function readTable(claim: Claim, { tableBytes, rowCount }: SuppliedSaid): Promise<number> {
  const table = tableFromIPC<Flights>(claim.view(0, tableBytes));
  expectSame('the number of flights', table.numRows, rowCount);
  const { offset, byteLength } = placeOfColumn(table, 'delay');
  using _pin = await claim.ensure(offset, byteLength);
  const sum = sumOfDelays(table);
  say('claimer', `Of the table I have summed up one column: ${count(sum)} minutes of delay.`);
  return sum;
}

await runProgram(main);
