/** Whether the list holds its order: while the pointer is over it or the keyboard is in it. */
import { IDLE_MS } from "../../state/order";

/** What the list showed when it was held, by identity. */
export interface Places {
  alerts: readonly string[];
  incidents: readonly string[];
}

export class Hold {
  /** Null while the list sorts itself. */
  places = $state.raw<Places | null>(null);
  #over = false;
  #within = false;
  #touchedMs = 0;
  readonly #shown: () => Places;

  constructor(shown: () => Places) {
    this.#shown = shown;
  }

  pointer(over: boolean): void {
    this.#over = over;
    this.#decide();
  }

  focus(within: boolean): void {
    this.#within = within;
    this.#decide();
  }

  /** Somebody moved or typed in the list. */
  touch(): void {
    this.#touchedMs = Date.now();
    this.#decide();
  }

  letGo(): void {
    this.places = null;
  }

  /** Lets a list go that was left under a resting pointer. */
  tick(): void {
    if (this.places !== null && Date.now() - this.#touchedMs > IDLE_MS) this.letGo();
  }

  #decide(): void {
    if (!this.#over && !this.#within) {
      this.places = null;
    } else if (this.places === null) {
      this.#touchedMs = Date.now();
      this.places = this.#shown();
    }
  }
}
