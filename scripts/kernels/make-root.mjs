// Makes the root file system of the guests: an initial RAM disk with the few programs of this machine that the checks call,
// and the files of the checkout that they run. One serves every kernel, because no kernel module is needed.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root as project } from '../run.mjs';

const PROGRAMS = ['/usr/bin/bash', '/usr/bin/setpriv', '/usr/bin/unshare', '/usr/bin/mount', '/usr/bin/python3'];
const FILES = ['/etc/passwd', '/etc/group', '/etc/nsswitch.conf'];
const OF_CHECKOUT = ['package.json', 'dist', 'out/js', 'fixtures', 'scripts/kernels/guest'];
const ADDONS = ['build/Release/vmoffer.node', 'build/Release/probe.node'];
const NEEDED_BY_SPECS = ['mocha', 'chai'];

const text = (command, args, options = {}) => execFileSync(command, args, { encoding: 'utf8', ...options });

class Root {
  #folder;
  constructor(folder) {
    this.#folder = folder;
  }

  copy(from, to = from) {
    const place = join(this.#folder, to);
    if (existsSync(place)) return;
    mkdirSync(dirname(place), { recursive: true });
    cpSync(from, place, { recursive: true, dereference: true });
  }

  /** Copies a program or a library, and the libraries that it is linked with. */
  copyLinked(from, to = from) {
    this.copy(realpathSync(from), to);
    for (const [, library] of text('ldd', [realpathSync(from)]).matchAll(/(\/\S+) \(0x/g)) this.copy(library);
  }

  /** Copies Python's own modules, and the libraries that some of them are linked with. */
  copyPythonModules() {
    const modules = text('/usr/bin/python3', ['-c', 'import sysconfig; print(sysconfig.get_path("stdlib"))']).trim();
    this.copy(modules);
    rmSync(join(this.#folder, modules, 'test'), { recursive: true, force: true });
    const linked = join(modules, 'lib-dynload');
    for (const file of readdirSync(linked)) this.copyLinked(join(linked, file));
  }

  copyPackage(name) {
    const to = join('/vmoffer/node_modules', name);
    if (existsSync(join(this.#folder, to))) return;
    const from = join(project, 'node_modules', name);
    if (!existsSync(from)) return; // nested in another package, which has brought it along
    this.copy(from, to);
    const { dependencies = {} } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
    Object.keys(dependencies).forEach((each) => this.copyPackage(each));
  }
}

/** @param {string} folder */
export function makeRoot(folder) {
  const place = join(folder, 'root');
  rmSync(place, { recursive: true, force: true });
  for (const empty of ['bin', 'proc', 'sys', 'dev', 'tmp', 'mnt', 'run', 'root']) {
    mkdirSync(join(place, empty), { recursive: true });
  }
  const root = new Root(place);
  root.copyLinked(process.execPath, '/usr/bin/node');
  root.copy(realpathSync(text('sh', ['-c', 'command -v busybox']).trim()), '/bin/busybox');
  PROGRAMS.filter(existsSync).forEach((program) => root.copyLinked(program));
  if (PROGRAMS.some((program) => program.endsWith('python3') && existsSync(program))) root.copyPythonModules();
  FILES.filter(existsSync).forEach((file) => root.copy(file));
  for (const part of OF_CHECKOUT) root.copy(join(project, part), join('/vmoffer', part));
  for (const addon of ADDONS) root.copyLinked(join(project, addon), join('/vmoffer', addon));
  const { dependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), ...NEEDED_BY_SPECS]) root.copyPackage(name);
  root.copy(join(project, 'scripts/kernels/guest/init'), '/init');
  const archive = join(folder, 'root.cpio');
  text('sh', ['-c', 'find . | cpio --quiet -o -H newc -R 0:0 > "$1"', 'sh', archive], { cwd: place });
  return archive;
}
