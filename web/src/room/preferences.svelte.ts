/** What an operator chose on this PC, kept in the browser: language, theme, name, and whether alerts ring. */

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
}

export const preferences = new Preferences();
