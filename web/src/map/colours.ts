/** The colours of the map, read from the theme's custom properties in app.css so that they live once. */

/** The value of a custom property in the theme now in force. */
export function colour(property: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}

/** The same as red, green, blue in 0 to 1; the property is a hex colour, which the build may shorten to #rgb. */
export function colourParts(property: `--${string}`): [number, number, number] {
  const digits = colour(property).slice(1);
  const pairs = digits.length === 3 ? [...digits].map((digit) => digit + digit) : digits.match(/../g);
  const [red = 0, green = 0, blue = 0] = (pairs ?? []).map((pair) => Number.parseInt(pair, 16) / 255);
  return [red, green, blue];
}
