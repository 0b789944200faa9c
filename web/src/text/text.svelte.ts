/** The dictionary of the chosen language; components read `text()` and follow the switch. */
import { preferences } from "../room/preferences.svelte";
import { en } from "./en";
import { zh, type Dictionary } from "./zh";

export function text(): Dictionary {
  return preferences.language === "zh" ? zh : en;
}
