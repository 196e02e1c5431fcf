// SPDX-License-Identifier: Apache-2.0
// WebDriver is JSON over HTTP: this is all of the client that the page tests need.

import { spawn } from "node:child_process";
import { access, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const chromedriver = process.env.CHROMEDRIVER ?? "/usr/bin/chromedriver";

/** @returns {Promise<string>} why page tests cannot run here; empty when they can */
export async function missingBrowser() {
  for (const path of [chromium, chromedriver]) {
    if (
      await access(path).then(() => false, () => true)
    ) return `${path} is not installed (Debian: chromium, chromium-driver)`;
  }
  return "";
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    }).on("error", reject);
  });
}

/** Asks again until the answer is truthy; there is no sleeping in the tests themselves. */
export async function until(what, ask, deadlineMs = 10_000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`);
    await pause(50);
  }
}

export class Browser {
  static async start() {
    const port = await freePort();
    const driver = spawn(chromedriver, [`--port=${port}`], { stdio: "ignore" });
    const browser = new Browser();
    browser.driver = driver;
    browser.base = `http://127.0.0.1:${port}`;
    try {
      await until("chromedriver", () =>
        fetch(`${browser.base}/status`).then((answer) => answer.ok, () => false));
      const args = [
        "--headless=new", "--disable-gpu", "--hide-scrollbars=false", "--force-device-scale-factor=1",
      ];
      if (process.getuid?.() === 0) args.push("--no-sandbox");
      const capabilities = {
        alwaysMatch: {
          browserName: "chrome", "goog:chromeOptions": { binary: chromium, args },
          "goog:loggingPrefs": { browser: "ALL" },
        },
      };
      const { sessionId } = await browser.send("POST", "/session", { capabilities });
      browser.base += `/session/${sessionId}`;
    } catch (error) {
      driver.kill();
      throw error;
    }
    return browser;
  }

  async send(method, path, body) {
    const answer = await fetch(this.base + path, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  }

  open = (url) => this.send("POST", "/url", { url });
  address = () => this.send("GET", "/url");
  back = () => this.send("POST", "/back", {});
  run = (script, ...args) => this.send("POST", "/execute/sync", { script, args });
  find = async (css) => (await this.send("POST", "/element", { using: "css selector", value: css }))[ELEMENT];
  click = async (css) => this.send("POST", `/element/${await this.find(css)}/click`, {});
  type = async (css, text) => this.send("POST", `/element/${await this.find(css)}/value`, { text });
  log = () => this.send("POST", "/se/log", { type: "browser" });
  cdp = (cmd, params) => this.send("POST", "/goog/cdp/execute", { cmd, params });

  /** Presses keys on whatever has the focus. */
  press(...keys) {
    const actions = keys.flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
    return this.send("POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  size = (width, height) => this.cdp(
    "Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false },
  );
  scheme = (value) => this.cdp(
    "Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] },
  );

  /** Saves a picture in OUTPUT_DIR (default output/screenshots, below the folder the tests are run from). */
  async screenshot(name) {
    const folder = process.env.OUTPUT_DIR ?? "output/screenshots";
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, `${name}.png`), Buffer.from(await this.send("GET", "/screenshot"), "base64"),
    );
  }

  async close() {
    await this.send("DELETE", "").catch(() => {}); // the driver may be gone already
    this.driver.kill();
  }
}
