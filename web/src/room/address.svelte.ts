/** The address bar: which view is open. Back, forward and a pasted link work as on any page. */
import { readAddress, type Address } from "../state/address";

class AddressBar {
  #address = $state.raw<Address>(readAddress(location.hash));

  constructor() {
    addEventListener("hashchange", () => (this.#address = readAddress(location.hash)));
  }

  get now(): Address {
    return this.#address;
  }

  /** Opens an address; `replace` leaves no entry to go back to, for what changes with every drag. */
  open(hash: string, replace = false): void {
    if (replace) history.replaceState(null, "", hash);
    else history.pushState(null, "", hash);
    this.#address = readAddress(hash);
  }
}

export const address = new AddressBar();
