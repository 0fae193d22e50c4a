/*
 * An object that stands for memory of this thread is not data: a structured clone (postMessage, structuredClone, v8.serialize)
 * of it would be an empty object. Cloning fails at a function, so every such object has one as a property. (Node's own marks for
 * this are recent, and v8.serialize ignores them.) V8 puts the function's text into its error.
 */

/** REQUIRES: the property that holds it is enumerable. */
export const CANNOT_BE_CLONED = () =>
  'what vmoffer hands out belongs to its thread: offer the memory to a process, or to process.pid for a worker';
