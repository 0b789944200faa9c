/** The colours of the map, read from the theme's custom properties in app.css so that they live once. */

/** The value of a custom property in the theme now in force. */
export function colour(property: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}

/** The same as red, green, blue in 0 to 1. The property must be written as #rrggbb. */
export function colourParts(property: `--${string}`): [number, number, number] {
  const value = Number.parseInt(colour(property).slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}
