/** The colours of the map, read from the theme's custom properties in app.css so that they live once. */

/** The value of a custom property in the theme now in force. */
export function colour(property: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}
