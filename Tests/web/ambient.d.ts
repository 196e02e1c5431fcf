// SPDX-License-Identifier: Apache-2.0
// DOM interfaces that the checker's own library (TypeScript 4.8) does not know yet.

interface HTMLElement {
  popover: string | null;
  showPopover(): void;
  hidePopover(): void;
}

interface ToggleEvent extends Event {
  readonly newState: "open" | "closed";
  readonly oldState: "open" | "closed";
}
