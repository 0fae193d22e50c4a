/**
 * Takes over the terminal for output that is redrawn: an alternate screen, no cursor, keys read one by one. With `using`, the
 * terminal is restored at the end of the scope, and also if the process ends in another way.
 */
import type { ReadStream, WriteStream } from 'node:tty';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const BOLD = ['\x1b[1m', '\x1b[22m'] as const;

const CONTROL_C = '\x03';
const CONTROL_Z = '\x1a';
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How the user ended it: with the key `q`, or by a signal. */
export type Ending = 'quit' | (typeof ENDING_SIGNALS)[number];

export class Screen implements Disposable {
  readonly #ended = new AbortController();
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #redraw: () => void;
  #isEntered = false;

  /** @param redraw called when the terminal's size has changed, and when the process continues after a stop. */
  constructor(input: ReadStream, output: WriteStream, redraw: () => void) {
    this.#input = input;
    this.#output = output;
    this.#redraw = redraw;
    this.#listen();
    this.#enter();
  }

  /** Aborted when the user ends it. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  get ending(): Ending | undefined {
    return this.#ended.signal.reason as Ending | undefined;
  }

  /** @param lines the first is the heading. */
  draw(lines: string[], isStyled: boolean): void {
    if (!this.#isEntered) return;
    const [heading = '', ...rest] = lines;
    const first = isStyled ? `${BOLD[0]}${heading}${BOLD[1]}` : heading;
    this.#output.write(HOME + [first, ...rest].map((line) => line + CLEAR_LINE).join('\n') + CLEAR_BELOW);
  }

  [Symbol.dispose](): void {
    this.#leave();
    for (const signal of ENDING_SIGNALS) process.off(signal, this.#onSignal);
    process.off('SIGTSTP', this.#suspend).off('SIGCONT', this.#resume);
    process.off('exit', this.#leave).off('uncaughtExceptionMonitor', this.#leave);
    this.#output.off('resize', this.#redraw);
    this.#input.off('data', this.#onKeys);
    this.#input.pause();
  }

  #listen(): void {
    for (const signal of ENDING_SIGNALS) process.on(signal, this.#onSignal);
    process.on('SIGTSTP', this.#suspend).on('SIGCONT', this.#resume);
    process.on('exit', this.#leave).on('uncaughtExceptionMonitor', this.#leave);
    this.#output.on('resize', this.#redraw);
    if (this.#input.isTTY) this.#input.on('data', this.#onKeys);
  }

  #enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    if (this.#input.isTTY) this.#input.setRawMode(true);
    this.#output.write(ENTER);
  }

  readonly #leave = (): void => {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    if (this.#input.isTTY) this.#input.setRawMode(false);
    this.#output.write(LEAVE);
  };

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#ended.abort(signal);
  };

  /** In raw mode the terminal makes no signals of keys, so this sends them, to the same processes: the process group. */
  readonly #onKeys = (keys: Buffer): void => {
    const text = keys.toString('latin1');
    if (text.includes('q') || text.includes('Q')) this.#ended.abort('quit');
    if (text.includes(CONTROL_C)) process.kill(0, 'SIGINT');
    if (text.includes(CONTROL_Z)) process.kill(0, 'SIGTSTP');
  };

  /** Stops the process, as SIGTSTP would if nothing listened to it, and continues from there. */
  readonly #suspend = (): void => {
    this.#leave();
    process.off('SIGTSTP', this.#suspend);
    process.kill(process.pid, 'SIGTSTP');
    process.on('SIGTSTP', this.#suspend);
    this.#resume();
  };

  /** Takes the terminal over again: other programs may have used it meanwhile. */
  readonly #resume = (): void => {
    if (this.ended.aborted) return;
    this.#isEntered = false;
    this.#enter();
    this.#redraw();
  };
}
