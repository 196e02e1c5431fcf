// SPDX-License-Identifier: Apache-2.0
// Values that can be watched. Effects note which signals they read and run again, once per microtask, when
// one changes.

/** @typedef {{ run: () => void, sources: Set<Signal<any>>, isQueued: boolean, isStopped: boolean }} Effect */

/** @type {Effect | null} */
let running = null;
/** @type {Set<Effect>} */
const queue = new Set();

/** @template T */
export class Signal {
  #value;
  /** @type {Set<Effect>} */
  #effects = new Set();

  /** @param {T} value */
  constructor(value) {
    this.#value = value;
  }

  get value() {
    if (running) {
      this.#effects.add(running);
      running.sources.add(this);
    }
    return this.#value;
  }

  set value(next) {
    if (Object.is(next, this.#value)) return;
    this.#value = next;
    for (const effect of this.#effects) enqueue(effect);
  }

  /** The value, without being noted as read. */
  peek() {
    return this.#value;
  }

  /** @param {Effect} effect */
  forget(effect) {
    this.#effects.delete(effect);
  }
}

/** @param {Effect} effect */
function enqueue(effect) {
  if (effect.isQueued) return;
  effect.isQueued = true;
  if (queue.size === 0) queueMicrotask(flush);
  queue.add(effect);
}

function flush() {
  const effects = [...queue];
  queue.clear();
  for (const effect of effects) runEffect(effect);
}

/** @param {Effect} effect */
function runEffect(effect) {
  effect.isQueued = false;
  if (effect.isStopped) return;
  for (const source of effect.sources) source.forget(effect);
  effect.sources.clear();
  const outer = running;
  running = effect;
  try {
    effect.run();
  } finally {
    running = outer;
  }
}

/**
 * @template T
 * @param {T} value
 * @returns {Signal<T>}
 */
export function signal(value) {
  return new Signal(value);
}

/**
 * Runs at once, and again after any signal it read has changed.
 * @param {() => void} run
 * @returns {() => void} stops it
 */
export function effect(run) {
  /** @type {Effect} */
  const made = { run, sources: new Set(), isQueued: false, isStopped: false };
  runEffect(made);
  return () => {
    made.isStopped = true;
    for (const source of made.sources) source.forget(made);
  };
}
