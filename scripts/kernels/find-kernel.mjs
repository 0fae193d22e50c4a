// Finds Debian's newest kernel of a version, with apt, on the mirror that this machine gets its packages from.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The release of Debian that has this kernel. Newer ones are in the suite that is never released. */
const SUITES = { '5.10': 'bullseye', 6.1: 'bookworm', 6.12: 'trixie' };
const NEWEST = 'sid';

const text = (command, args, options = {}) => execFileSync(command, args, { encoding: 'utf8', ...options });

function mirror() {
  const lines = text('apt-get', ['indextargets', '--format', '$(CREATED_BY) $(COMPONENT) $(REPO_URI)']).split('\n');
  const found = lines.map((line) => line.match(/^Packages main (\S+\/debian\/?)$/)?.[1]).find(Boolean);
  if (!found) throw new Error("apt knows no mirror of Debian's main packages: see /etc/apt/sources.list");
  return found;
}

/** Options that make apt use this suite alone and leave the system's own lists alone. */
function aptFor(suite, folder) {
  const own = join(folder, 'apt', suite);
  mkdirSync(join(own, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(own, 'cache', 'archives', 'partial'), { recursive: true });
  writeFileSync(join(own, 'sources.list'), `deb ${mirror()} ${suite} main\n`);
  const options = {
    'Dir::Etc::SourceList': join(own, 'sources.list'),
    'Dir::Etc::SourceParts': '-',
    'Dir::State::Lists': join(own, 'lists'),
    'Dir::Cache': join(own, 'cache'),
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** @param {string[]} names */
function newest(names) {
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}

function isOfVersion(release, version) {
  return release.startsWith(`${version}.`) && release.endsWith('-cloud-amd64');
}

/** From 7.2 on the kernel itself is in a package of its own. */
function packageOf(release, names) {
  return [`linux-binary-${release}`, `linux-image-${release}`].find((name) => names.includes(name));
}

function download(version, folder) {
  const suite = SUITES[version.split('.').slice(0, 2).join('.')] ?? NEWEST;
  const apt = aptFor(suite, folder);
  text('apt-get', [...apt, '-qq', 'update']);
  const names = text('apt-cache', [...apt, 'pkgnames', 'linux-'])
    .trim()
    .split('\n');
  const releases = names.map((name) => name.match(/^linux-image-(.*)$/)?.[1]).filter(Boolean);
  const release = newest(releases.filter((each) => isOfVersion(each, version)));
  if (!release) throw new Error(`Debian's ${suite} has no kernel ${version}`);
  const place = join(folder, 'packages', release);
  mkdirSync(place, { recursive: true });
  text('apt-get', [...apt, '-qq', 'download', packageOf(release, names)], { cwd: place });
  return release;
}

function unpack(place) {
  const deb = readdirSync(place).find((file) => file.endsWith('.deb'));
  const extract = 'dpkg-deb --fsys-tarfile "$1" | tar -x --wildcards "*vmlinuz*"';
  text('sh', ['-c', extract, 'sh', deb], { cwd: place });
}

function imageIn(place) {
  if (!existsSync(place)) return undefined;
  const files = readdirSync(place, { recursive: true });
  const image = files.find((file) => /(^|\/)vmlinuz[^/]*$/.test(file));
  return image && join(place, image);
}

/** @param {string} folder @param {string} version */
export function findKernel(folder, version) {
  const packages = join(folder, 'packages');
  const cached = existsSync(packages) ? readdirSync(packages).filter((release) => isOfVersion(release, version)) : [];
  const release = newest(cached) ?? download(version, folder);
  const place = join(packages, release);
  if (!imageIn(place)) unpack(place);
  return { name: release, image: imageIn(place) };
}
