/*
 * What stands for memory of this thread is no data. A structured clone (postMessage, structuredClone, v8.serialize) of it would be
 * an empty object. It fails at a function, so everything that cannot be cloned has one as a property. (The marks that Node has
 * for it are young, and v8.serialize passes them over.) V8 puts the function's text into its error.
 */

/** REQUIRES: the property that holds it is enumerable. */
export const CANNOT_BE_CLONED = () =>
  'what vmoffer hands out belongs to its thread: offer the memory to a process, or to process.pid for a worker';
