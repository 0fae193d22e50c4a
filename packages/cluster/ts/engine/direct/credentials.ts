import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { DirectTls } from './options.js';

/** What a connection shows and believes, read from files when they have changed: a certificate that was renewed is used. */
export class Credentials {
  readonly #files: DirectTls;
  #seen = '';
  #options: SecureContextOptions = {};
  #context: SecureContext;

  /** @throws Error if the files cannot be read, or are no certificate and its key. */
  constructor(files: DirectTls) {
    this.#files = files;
    this.#context = this.#read();
  }

  get options(): SecureContextOptions {
    return this.#options;
  }

  /** Those before, where the files cannot be read at the moment, such as in the middle of their renewal. */
  current(): SecureContext {
    try {
      if (this.#look() !== this.#seen) this.#context = this.#read();
    } catch {
      // read at the next connection
    }
    return this.#context;
  }

  #read(): SecureContext {
    const seen = this.#look();
    const { cert, key, ca } = this.#files;
    const options = {
      cert: readFileSync(cert),
      key: readFileSync(key),
      ca: readFileSync(ca),
      minVersion: 'TLSv1.3',
    } as const;
    const context = createSecureContext(options);
    this.#options = options;
    this.#seen = seen;
    return context;
  }

  #look(): string {
    const { cert, key, ca } = this.#files;
    const looks = [cert, key, ca].map((file) => {
      const { ino, size, mtimeMs, ctimeMs } = statSync(file);
      return [ino, size, mtimeMs, ctimeMs].join(' ');
    });
    return looks.join(', ');
  }
}
