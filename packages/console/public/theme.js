// Before the first paint, and as a file of its own because the page's policy allows no inline script.
try {
  const theme = localStorage.getItem('thrum.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's setting holds then.
}
