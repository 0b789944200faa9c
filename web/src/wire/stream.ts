/**
 * The live stream, kept open.
 *
 * The browser's EventSource comes back by itself after a broken connection and names the last change
 * it saw. Two cases it does not mend are mended here: an answer other than 200 (it gives up for good)
 * and a connection that died without a word (it waits for ever). A stream opened anew cannot name the
 * last change, so it counts as a gap.
 */
import type { Change, Frame, Incident } from "./contract";

export interface StreamListener {
  connected(): void;
  disconnected(): void;
  frame(frame: Frame): void;
  change(change: Change): void;
  incident(incident: Incident): void;
  gap(): void;
}

const REOPEN_AFTER_MS = 2_000;
/** Frames come once a second; twenty missed ones are taken for a dead connection. */
const SILENCE_MS = 20_000;

/**
 * Hands over in one go what came together, in its order: the page draws a burst of changes once. By a message to
 * itself, which a hidden page does not put off as it does a timer.
 */
class Together {
  readonly #waiting: (() => void)[] = [];
  readonly #channel = new MessageChannel();

  constructor() {
    this.#channel.port1.onmessage = () => {
      for (const tell of this.#waiting.splice(0)) tell();
    };
  }

  tell(what: () => void): void {
    if (this.#waiting.push(what) === 1) this.#channel.port2.postMessage(null);
  }

  close(): void {
    this.#waiting.length = 0;
    this.#channel.port1.close();
  }
}

/** Opens the stream and returns the function that closes it. */
export function openStream(url: string, listener: StreamListener): () => void {
  const together = new Together();
  let source: EventSource;
  let reopening: ReturnType<typeof setTimeout> | undefined;
  let watchdog: ReturnType<typeof setTimeout> | undefined;

  function reopen(): void {
    source.close();
    clearTimeout(watchdog);
    clearTimeout(reopening);
    reopening = setTimeout(() => open(true), REOPEN_AFTER_MS);
  }

  function heard(): void {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => {
      together.tell(() => listener.disconnected());
      reopen();
    }, SILENCE_MS);
  }

  function on<T>(name: string, deliver: (data: T) => void): void {
    source.addEventListener(name, (event: MessageEvent<string>) => {
      heard();
      const data = JSON.parse(event.data) as T;
      together.tell(() => deliver(data));
    });
  }

  function open(anew: boolean): void {
    source = new EventSource(url);
    source.onopen = () => {
      heard();
      together.tell(() => listener.connected());
      if (anew) together.tell(() => listener.gap());
    };
    source.onerror = () => {
      together.tell(() => listener.disconnected());
      if (source.readyState === EventSource.CLOSED) reopen();
    };
    on<Frame>("frame", (frame) => listener.frame(frame));
    on<Change>("alert", (change) => listener.change(change));
    on<Incident>("incident", (incident) => listener.incident(incident));
    source.addEventListener("gap", () => {
      heard();
      together.tell(() => listener.gap());
    });
  }

  open(false);
  return () => {
    together.close();
    source.close();
    clearTimeout(watchdog);
    clearTimeout(reopening);
  };
}
