/** Makes certificates with openssl, in files of a temporary folder. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Signed {
  cert: string;
  key: string;
}

/** An authority, and what it has signed. */
export class Authority implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'vmoffer-authority-'));
  readonly cert = join(this.folder, 'ca.pem');
  readonly #key = join(this.folder, 'ca.key');

  constructor(name: string) {
    openssl('req', '-x509', ...newKey(this.#key), '-subj', `/CN=${name}`, '-days', '2', '-out', this.cert);
  }

  /** For a server at localhost, and for a client. With `also`, the certificate has more names, such as `URI:vmoffer:a`. */
  sign(name: string, { also = [], days = 2 }: { also?: readonly string[]; days?: number } = {}): Signed {
    const [cert, key, request] = ['pem', 'key', 'csr'].map((type) => join(this.folder, `${name}.${type}`)) as [
      string,
      string,
      string,
    ];
    const extensions = join(this.folder, `${name}.ext`);
    const names = ['DNS:localhost', 'IP:127.0.0.1', ...also].join(',');
    writeFileSync(extensions, `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    openssl('req', ...newKey(key), '-subj', `/CN=${name}`, '-out', request);
    const authority = ['-CA', this.cert, '-CAkey', this.#key, '-CAcreateserial'];
    openssl('x509', '-req', '-in', request, ...authority, '-days', String(days), '-extfile', extensions, '-out', cert);
    return { cert, key };
  }

  /** What a peer is given for reading directly. */
  signPeer(peer: string, { file = peer, days = 2 } = {}): Signed & { ca: string } {
    return { ...this.sign(file, { also: [`URI:vmoffer:${peer}`], days }), ca: this.cert };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

function newKey(file: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file];
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
