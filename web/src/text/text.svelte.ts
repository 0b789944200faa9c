/** The dictionary of the chosen language; components read `text()` and follow the switch. */
import { preferences } from "../room/preferences.svelte";
import { en } from "./en";
import { zh, type Dictionary } from "./zh";

export function text(): Dictionary {
  return preferences.language === "zh" ? zh : en;
}

/** The words of one view, which are loaded with it: the Chinese ones type the English ones. */
export function dictionary<Words>(chinese: Words, english: NoInfer<Words>): () => Words {
  return () => (preferences.language === "zh" ? chinese : english);
}
