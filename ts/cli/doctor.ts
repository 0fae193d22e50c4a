import { capabilities, type Capability } from '../capabilities.js';
import { renderTable } from './table.js';

/** Without these nothing works. */
const NEEDED = ['memory objects', 'process handles'];

export function doctor(isJson: boolean): string {
  const found = capabilities();
  if (isJson) return `${JSON.stringify(found, null, 2)}\n`;
  const rows = found.list.map(({ name, available, detail }) => [name, available ? 'yes' : 'no', detail]);
  const heading = `Linux ${found.kernelRelease}, pages of ${found.pageSize} bytes, Node.js ${process.version}`;
  const table = renderTable(['capability', 'here', 'good for'], rows);
  return [heading, '', table, ...found.list.flatMap(advice), summary(found.list), ''].join('\n');
}

function advice({ name, available, cause, remedy }: Capability): string[] {
  return available ? [] : [`${name}\n  cause:  ${cause}\n  remedy: ${remedy}\n`];
}

function summary(list: Capability[]): string {
  const missing = list.filter(({ available }) => !available).map(({ name }) => name);
  const needed = missing.filter((name) => NEEDED.includes(name));
  if (needed.length > 0) return `vmoffer cannot work here without ${needed.join(' and ')}.`;
  if (missing.includes('page faults')) {
    return 'vmoffer works here. Claims are paged by the kernel: lazily and without a copy, too, but stats() counts no faults.';
  }
  return "vmoffer works here. Claims are paged by 'userfault'.";
}
