// SPDX-License-Identifier: Apache-2.0
// Wiring only: state, the address, the frame of the page.

import { getHints, getPolicies } from "./api/client.js";
import { h } from "./components/element.js";
import { HelpDialog } from "./components/help-dialog.js";
import { icon, logo } from "./components/icon.js";
import { NoticeBar } from "./components/notice-bar.js";
import { PlayButton } from "./components/play-button.js";
import { ProblemPanel } from "./components/problem-panel.js";
import { StatusLine } from "./components/status-line.js";
import { ThemeToggle } from "./components/theme-toggle.js";
import { countOf } from "./model/units.js";
import { formatSearch, parseSearch } from "./state/flow-filter.js";
import { LiveFlows } from "./state/live-flows.js";
import { effect, signal } from "./state/signal.js";
import { readChoice, storeChoice } from "./state/stored-choice.js";
import { FlowsView } from "./views/flows/flows-view.js";
import { shortcuts } from "./views/flows/shortcuts.js";

const flows = new LiveFlows({ getPolicies });
const viewState = signal(parseSearch(location.search));

const view = new FlowsView(flows, viewState);
view.loadHints = getHints;
const play = new PlayButton();
const theme = new ThemeToggle();
theme.theme = readChoice("theme");
const notices = new NoticeBar();
const statusLine = new StatusLine();
const problems = new ProblemPanel();
const help = new HelpDialog();

const togglePlay = () => (flows.isPaused.peek() ? flows.play() : flows.pause());

play.addEventListener("click", togglePlay);
theme.addEventListener(
  "theme-change", (event) => storeChoice("theme", /** @type {CustomEvent<string>} */ (event).detail),
);
notices.addEventListener("gap-dismiss", () => (flows.gap.value = null));
statusLine.addEventListener(
  "panel-open", (event) => problems.open(/** @type {CustomEvent<string>} */ (event).detail),
);
statusLine.addEventListener("retry", () => flows.retryNow());

document.body.append(
  h("header", { class: "top" },
    h(
      "h1",
      { class: "brand" },
      logo(),
      h("span", {}, "Vibrissa"),
      h("span", { class: "brand-page" }, "Flows"),
    ),
    play,
    h("span", { class: "spacer" }),
    theme,
    h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": "Help",
        title: "Help (?)",
        click: () => help.open(),
      },
      icon("help"),
    )),
  notices,
  h("main", {}, view),
  h("footer", { class: "bottom" }, statusLine),
  problems,
  help,
);

document.addEventListener("keydown", shortcuts({
  filter: () => view.focusFilter(),
  next: () => view.moveSelection(1),
  previous: () => view.moveSelection(-1),
  toggle: () => view.toggleSelected(),
  close: () => view.close(),
  pause: togglePlay,
  newest: () => view.scrollToNewest(),
  oldest: () => view.scrollPages(1e6),
  pageUp: () => view.scrollPages(-1),
  pageDown: () => view.scrollPages(1),
  help: () => help.open(),
}));

effect(() => play.show(flows.isPaused.value, flows.waiting.value, flows.connection.value.phase));
effect(() => statusLine.showConnection(flows.connection.value, Date.now()));
effect(() => {
  statusLine.showStatus(flows.status.value, flows.dropped);
  problems.show(flows.status.value, flows.dropped);
});
effect(
  () => notices.show(
    flows.status.value?.simulated ?? false, flows.status.value?.scenario ?? null, flows.gap.value,
  )
);
effect(() => {
  void flows.version.value;
  statusLine.showKept(
    `${countOf(flows.window.groupCount, "flow")} in ${countOf(flows.window.size, "window")} kept`
  );
});

// The address follows the state; typing replaces the entry, every other change makes one, so that Back undoes
// it.
let before = viewState.peek();
effect(() => {
  const state = viewState.value;
  const search = formatSearch(state);
  const isTyping = state.filter.q !== before.filter.q;
  before = state;
  if (search === location.search) return;
  history[isTyping ? "replaceState" : "pushState"](null, "", search === "" ? location.pathname : search);
});
addEventListener("popstate", () => (viewState.value = parseSearch(location.search)));

// The countdown to the next try; everything else changes only when something is heard.
setInterval(() => {
  const connection = flows.connection.peek();
  if (connection.phase === "waiting") statusLine.showConnection(connection, Date.now());
}, 500);
