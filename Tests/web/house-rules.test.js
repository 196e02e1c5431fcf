// SPDX-License-Identifier: Apache-2.0
// What the console promises about its own files: small, layered, without third parties, safe and legible.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("../../Sources/Serving/WebBackend/web/", import.meta.url));
const walk = (folder) => readdirSync(folder, { withFileTypes: true })
  .flatMap((entry) => (entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)]));
const files = walk(web).map((path) => ({ name: relative(web, path), text: readFileSync(path, "utf8") }));
const scripts = files.filter(({ name }) => name.endsWith(".js"));
const sheets = files.filter(({ name }) => name.endsWith(".css"));
const offenders = (list, isBad) => list.filter(({ name, text }) => isBad(text, name)).map(({ name }) => name);

describe("the console's files", () => {
  test("weigh at most 200 KB together", () => {
    const bytes = files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    assert.ok(bytes <= 200_000, `${bytes} bytes`);
  });
  test("have at most 250 lines of at most 110 columns", () => {
    assert.deepEqual(offenders(scripts, (text) => text.split("\n").length > 251), []);
    assert.deepEqual(
      offenders(scripts, (text) => text.split("\n").some((line) => [...line].length > 110)), [],
    );
  });
  test("carry their licence", () =>
    assert.deepEqual(
      offenders([...scripts, ...sheets], (text) => !text.includes("SPDX-License-Identifier: Apache-2.0")), [],
    ));
  test("never turn text into markup or code", () => {
    const forbidden = new RegExp([
      "\\.innerHTML", "\\.outerHTML", "insertAdjacentHTML", "document\\.write", "createContextualFragment",
      "parseFromString", "\\beval\\(", "new Function", "setAttribute\\(\"(style|on)",
    ].join("|"));
    assert.deepEqual(offenders(scripts, (text) => forbidden.test(text)), []);
  });
  test("load nothing from elsewhere", () =>
    assert.deepEqual(
      offenders(files, (text, name) =>
        /(src|href|url|import)[(=\s]*["'(]?https?:/.test(text) && name !== "favicon.svg"),
      [],
    ));
  test("define at most one element each, in a file named after it", () => {
    for (const { name, text } of scripts) {
      const defined = [...text.matchAll(/customElements\.define\("([^"]+)"/g)].map((found) => found[1]);
      assert.ok(defined.length <= 1, name);
      if (defined.length === 1) assert.ok(
        name.endsWith(`/${defined[0]}.js`), `${name} defines ${defined[0]}`,
      );
    }
  });
});

describe("layers", () => {
  const allowed = {
    model: ["model"], api: ["api"], state: ["state", "api", "model"], components: ["components", "model"],
    views: ["views", "components", "model", "state"],
  };
  for (const [layer, below] of Object.entries(allowed)) {
    test(`${layer} imports only ${below.join(", ")}`, () => {
      for (const { name, text } of scripts.filter((file) => file.name.startsWith(`${layer}/`))) {
        for (const [, target] of text.matchAll(/^(?:import|export)\b[^;]*?["'](\.[^"']+)["'];/gm)) {
          const imported = relative(web, resolve(web, dirname(name), target));
          assert.ok(below.includes(imported.split("/")[0]), `${name} imports ${imported}`);
        }
      }
    });
  }
  test("model touches no page", () => assert.deepEqual(
    offenders(scripts.filter(({ name }) => name.startsWith("model/")), (text) =>
      /\b(document|window|localStorage|fetch)\b[.(]/.test(text)), []));
  test("components never fetch", () => assert.deepEqual(
    offenders(scripts.filter(({ name }) => name.startsWith("components/")), (text) =>
      /\bfetch\(/.test(text)), []));
});

describe("the shell", () => {
  const shell = files.find(({ name }) => name === "index.html").text;
  test("has no inline script or style", () => {
    assert.ok(!/<style|\sstyle=|\son\w+=/.test(shell));
    for (const [, attributes] of shell.matchAll(/<script([^>]*)>/g)) assert.match(attributes, /src=/);
  });
  test("names only files that exist", () => {
    for (
      const [, path] of shell.matchAll(/(?:href|src)="([^"]+)"/g)
    ) assert.ok(files.some(({ name }) => name === path), path);
  });
});

describe("contrast (WCAG 2.2 AA)", () => {
  const tokens = files.find(({ name }) => name === "styles/tokens.css").text;
  const colours = new Map(
    [
      ...tokens.matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\);/g),
    ].map(([, name, light, dark]) => [name, [light, dark]])
  );
  const luminance = (hex) => {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const grounds = [
    "ground", "surface", "surface-raised", "surface-sunk", "row-hover", "row-open", "deny-ground",
  ];
  const pairs = [
    ...[
      "ink", "ink-soft", "ink-weak", "allow", "deny", "pass", "staged", "accent",
    ].flatMap((ink) => grounds.map((ground) => [ink, ground, 4.5])),
    ["staged", "staged-ground", 4.5], ["warning", "surface", 4.5], [
      "warning", "surface-raised", 4.5,
    ], ["warning", "warning-ground", 4.5],
    ["ink", "warning-ground", 4.5], ["ink", "accent-ground", 4.5], [
      "ink-soft", "accent-ground", 4.5,
    ], ["accent", "accent-ground", 4.5],
    ["on-accent", "accent", 4.5], ["deny", "staged-ground", 4.5], [
      "ink-weak", "staged-ground", 4.5,
    ], ["control-line", "surface", 3], ["focus", "surface", 3],
  ];
  for (const [ink, ground, least] of pairs) {
    test(`${ink} on ${ground}`, () => ["light", "dark"].forEach((theme, index) => {
      const ratio = contrast(colours.get(ink)[index], colours.get(ground)[index]);
      assert.ok(ratio >= least, `${theme}: ${ratio.toFixed(2)} is below ${least}`);
    }));
  }
});
