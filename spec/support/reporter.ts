/**
 * Mocha's spec reporter. It also leaves its counts, and what failed, in `out/mocha/<VMOFFER_SUITE>.json`, for scripts that
 * add them up. A run that crashes leaves no file, by which the scripts know that it crashed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';

export default class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const failed: { title: string; error: string }[] = [];
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test: Mocha.Runnable, error: Error) => {
      failed.push({ title: test.fullTitle(), error: error.message });
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const folder = join('out', 'mocha');
      mkdirSync(folder, { recursive: true });
      const name = process.env['VMOFFER_SUITE'] ?? 'specs';
      writeFileSync(join(folder, `${name}.json`), JSON.stringify({ passes, failures, pending, failed }) + '\n');
    });
  }
}
