// SPDX-License-Identifier: Apache-2.0
// Sets the stored theme before the first paint. A classic script on purpose: modules run too late for that.
(() => {
  try {
    const theme = localStorage.getItem("vibrissa.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the system's theme is then used.
  }
})();
