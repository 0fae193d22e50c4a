import { capabilities, type Capability } from '../capabilities.js';
import { renderTable } from './table.js';

export function doctor(isJson: boolean): string {
  const found = capabilities();
  if (isJson) return `${JSON.stringify(found, null, 2)}\n`;
  const rows = found.list.map(({ name, available, detail }) => [name, available ? 'yes' : 'no', detail]);
  const heading = `Linux ${found.kernelRelease}, pages of ${found.pageSize} bytes, Node.js ${process.version}`;
  return [heading, '', renderTable(['capability', 'here', 'detail'], rows), advice(found.list)].join('\n');
}

function advice(list: Capability[]): string {
  const missing = list.filter(({ available }) => !available);
  if (missing.length === 0) return 'Everything is available.\n';
  return missing.map(({ name, cause, remedy }) => `${name}\n  cause:  ${cause}\n  remedy: ${remedy}\n`).join('\n');
}
