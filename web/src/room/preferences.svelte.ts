/** What an operator chose on this PC, kept in the browser: language, theme, name, whether alerts ring, what is folded or hidden. */

export type Language = "zh" | "en";
export type Theme = "dark" | "light";

function kept(key: string): string | null {
  try {
    return localStorage.getItem(`buswatch.${key}`);
  } catch {
    return null; // storage is forbidden on this PC: the choice lasts as long as the page
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(`buswatch.${key}`, value);
  } catch {
    // see above
  }
}

class Preferences {
  #language = $state<Language>(kept("language") === "en" ? "en" : "zh");
  #theme = $state<Theme>(kept("theme") === "light" ? "light" : "dark");
  #operator = $state(kept("operator") ?? "");
  #muted = $state(kept("muted") === "yes");
  /** Names of what is off, folded or hidden; everything is on until somebody turns it off. */
  #off = $state.raw<ReadonlySet<string>>(new Set((kept("off") ?? "").split(" ").filter((name) => name !== "")));

  get language(): Language {
    return this.#language;
  }
  set language(language: Language) {
    this.#language = language;
    keep("language", language);
  }

  get theme(): Theme {
    return this.#theme;
  }
  set theme(theme: Theme) {
    this.#theme = theme;
    keep("theme", theme);
  }

  /** The name under which an operator acts; empty until asked. */
  get operator(): string {
    return this.#operator;
  }
  set operator(operator: string) {
    this.#operator = operator;
    keep("operator", operator);
  }

  /** Neither tones nor desktop notices. */
  get muted(): boolean {
    return this.#muted;
  }
  set muted(muted: boolean) {
    this.#muted = muted;
    keep("muted", muted ? "yes" : "no");
  }

  /** Whether something that can be folded or hidden, such as `layer.zones`, is on. */
  isOn(name: string): boolean {
    return !this.#off.has(name);
  }
  turn(name: string, on: boolean): void {
    if (this.isOn(name) === on) return;
    const off = new Set(this.#off);
    if (on) off.delete(name);
    else off.add(name);
    this.#off = off;
    keep("off", [...off].join(" "));
  }
}

export const preferences = new Preferences();
