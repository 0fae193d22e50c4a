/** A model of some hundred MB in the safetensors format. Its weights are made from their places, and so can be checked. */
import { Failure } from '../failure.js';
import { headerBytesOf, LENGTH_BYTES, readHeader, writeHeader, type Tensor, type Tensors } from './safetensors.js';

export const MODEL_BYTES = 256 << 20;
const LAYERS = 32;
/** Odd, so that the weights of no two layers are alike. */
const FACTOR = 2_654_435_761;

/** Reads a range, as `claim.ensure()` and a view do. */
export type ReadRange = (offset: number, byteLength: number) => Promise<Uint8Array>;

/** A whole model in memory. */
export function makeModel(byteLength = MODEL_BYTES): Uint8Array {
  const weightsPerLayer = Math.floor(byteLength / LAYERS / Int32Array.BYTES_PER_ELEMENT);
  const tensors: Tensors = {};
  for (let layer = 0; layer < LAYERS; layer++) tensors[nameOf(layer)] = { dtype: 'I32', shape: [weightsPerLayer] };
  const header = writeHeader(tensors);
  const model = new Uint8Array(header.length + LAYERS * weightsPerLayer * Int32Array.BYTES_PER_ELEMENT);
  model.set(header);
  const weights = new Int32Array(model.buffer, header.length);
  for (let at = 0; at < weights.length; at++) weights[at] = Math.imul(at, FACTOR);
  return model;
}

export function nameOf(layer: number): string {
  return `model.layers.${layer}.weight`;
}

/** The header of a model, by two reads: how long it is, and then all of it. */
export async function readTensors(read: ReadRange): Promise<Map<string, Tensor>> {
  const byteLength = headerBytesOf(await read(0, LENGTH_BYTES));
  return readHeader(await read(0, byteLength));
}

/** Reads all weights of a layer, checks each, and returns how many there are. */
export async function checkLayer(tensors: Map<string, Tensor>, layer: number, read: ReadRange): Promise<number> {
  const tensor = tensors.get(nameOf(layer));
  if (!tensor) throw new Failure(`the model has no ${nameOf(layer)}.`);
  const bytes = await read(tensor.begin, tensor.end - tensor.begin);
  const weights = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / Int32Array.BYTES_PER_ELEMENT);
  const first = layer * weights.length;
  const wrong = weights.findIndex((weight, at) => weight !== Math.imul(first + at, FACTOR));
  if (wrong >= 0) throw new Failure(`weight ${wrong} of layer ${layer} is ${weights[wrong]}.`);
  return weights.length;
}
