// Before the first paint, so that a page in the chosen theme does not flash in the other one. What it reads is written
// by src/frame/appearance.ts.
for (const name of ['theme', 'density']) {
  try {
    const chosen = localStorage.getItem(`lockstep.${name}`);
    if (chosen) document.documentElement.dataset[name] = chosen;
  } catch {
    // A browser that stores nothing shows the defaults.
  }
}
