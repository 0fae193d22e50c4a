// npm run test:node -- MAJOR [mocha's arguments]: runs the specs, as they are built, on another Node.
import { nodeBinary, NODES } from './runtimes/list.mjs';
import { countsLine, runSpecs } from './run.mjs';

const [major, ...args] = process.argv.slice(2);
const version = NODES.findLast((each) => each.startsWith(`${major}.`));
if (version === undefined) {
  const majors = [...new Set(NODES.map((each) => each.split('.', 1)[0]))];
  console.error(`test:node: '${major ?? ''}' is no Node that is tested here; name one of ${majors.join(', ')}`);
  process.exit(2);
}

const node = nodeBinary(version);
const { code, counts } = runSpecs(`specs-node-${major}`, args, {}, node);
console.log(`test:node: Node ${version}: ${countsLine(counts)}`);
process.exitCode = code === 0 && counts !== undefined ? 0 : 1;
