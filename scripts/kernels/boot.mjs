// Boots a kernel under QEMU, prints what the guest prints, and collects the rows that it reports.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { describeRow } from './results.mjs';

const LIMIT_SECONDS = Number(process.env.VMOFFER_KERNEL_SECONDS ?? 3600);
const MARK = '@@ ';
const END = 'end';

// Without KVM, which does not work on every machine that has it.
const MACHINE = ['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '3G'];
const BARE = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'];
const APPEND = 'console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off random.trust_cpu=on';

/** @param {{ name: string, image: string, initrd: string, log: string, only?: string }} guest */
export async function boot({ name, image, initrd, log, only }) {
  const began = Date.now();
  const args = [
    ...MACHINE,
    ...BARE,
    '-kernel',
    image,
    '-initrd',
    initrd,
    '-append',
    only ? `${APPEND} vmoffer.only=${only}` : APPEND,
  ];
  const qemu = spawn('nice', ['-n', '15', 'qemu-system-x86_64', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const limit = setTimeout(() => qemu.kill(), LIMIT_SECONDS * 1000);
  const file = createWriteStream(log);
  const rows = [];
  for await (const line of createInterface({ input: qemu.stdout })) {
    file.write(`${line}\n`);
    const at = line.indexOf(MARK);
    if (at < 0) {
      console.log(line.trimEnd());
    } else {
      const row = JSON.parse(line.slice(at + MARK.length));
      rows.push(row);
      if (row.check !== END) console.log(describeRow(row));
    }
  }
  clearTimeout(limit);
  file.end();
  const isDone = rows.some(({ check }) => check === END);
  const checks = rows.filter(({ check }) => check !== END);
  if (!isDone) checks.push({ check: 'the guest ends by itself', user: 'root', passed: 0, failed: 1, skipped: 0 });
  return { name, rows: checks, seconds: Math.round((Date.now() - began) / 1000), log };
}
