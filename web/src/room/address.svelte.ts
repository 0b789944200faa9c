/** The address bar: which view is open. Back, forward and a pasted link work as on any page. */
import { readAddress, type Address } from "../state/address";

class AddressBar {
  #address = $state.raw<Address>(readAddress(location.hash));
  #hash = location.hash;

  constructor() {
    addEventListener("hashchange", () => this.#read());
  }

  get now(): Address {
    return this.#address;
  }

  /**
   * Opens an address; `replace` leaves no entry to go back to, for what changes with every drag. Somebody who
   * went back a moment ago, of which the page has not heard yet, is followed and not overwritten.
   */
  open(hash: string, replace = false): void {
    if (replace && location.hash !== this.#hash) return this.#read();
    if (replace) history.replaceState(null, "", hash);
    else history.pushState(null, "", hash);
    this.#read();
  }

  #read(): void {
    this.#hash = location.hash;
    this.#address = readAddress(location.hash);
  }
}

export const address = new AddressBar();
