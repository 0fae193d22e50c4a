import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const INTERPRETER = /^node(js)?$/;

/** The name to show for a process: its program, or the script that Node.js runs in it. `'?'` if it cannot be read. */
export function nameOfProcess(pid: number): string {
  try {
    return nameFrom(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return '?';
  }
}

/** @param commandLine its words, each followed by a zero. They may contain anything, even terminal sequences. */
export function nameFrom(commandLine: string): string {
  const [program = '', ...words] = commandLine.split('\0').filter((word) => word !== '');
  const script = INTERPRETER.test(basename(program)) ? words.find((word) => !word.startsWith('-')) : undefined;
  return printable(basename(script ?? program)) || '?';
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
