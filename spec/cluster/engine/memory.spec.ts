import { MemoryWorld } from '../support/memory-world.js';
import { describeEngine } from './contract.js';

describeEngine('within one process', () => Promise.resolve(new MemoryWorld()));
