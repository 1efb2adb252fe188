// The browser's part of .ci/pictures: waits until a list is finished, or takes the pictures.
const fs = require('fs');
const [what, address, argument, bin, root] = process.argv.slice(2);
const { chromium } = require(`${bin}/.playwright/package`);

const escape = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

(async () => {
  const browser = await chromium.launch({ executablePath: `${root}/.servers/chromium/chromium`, args: ['--no-sandbox'] });
  const open = async (colorScheme, width, height) => (await browser.newContext({
    baseURL: address, colorScheme, viewport: { width, height }, reducedMotion: 'reduce' })).newPage();
  if (what === 'wait') {
    const page = await open('light', 1280, 900);
    await page.goto('/');
    await page.locator('[data-part=finished]', { hasText: argument }).waitFor({ timeout: 120000 });
    await browser.close();
    return;
  }
  const shoot = (page, name) => page.screenshot({ path: `${root}/docs/pictures/${name}.png` });
  for (const scheme of ['light', 'dark']) {
    const page = await open(scheme, 1200, 860);
    await page.goto('/');
    await page.waitForTimeout(500);
    await shoot(page, `overview-${scheme}`);
  }
  const page = await open('light', 1200, 860);
  await page.goto('/search?q=' + encodeURIComponent('http://sample.test/sample/encyclopedia/tides'));
  await page.waitForTimeout(500);
  await shoot(page, 'input');
  const terminal = await open('dark', 900, 420);
  const text = escape(fs.readFileSync(argument, 'utf8').trim());
  await terminal.setContent(`<body style="margin:0;background:#0e1115;color:#e7eaee"><pre style="font:14px/1.45 'DejaVu Sans Mono';padding:18px;margin:0;white-space:pre-wrap">$ pipeline run pages.json\n${text}</pre>`);
  const box = await terminal.locator('pre').boundingBox();
  await terminal.setViewportSize({ width: 900, height: Math.ceil(box.height) });
  await shoot(terminal, 'terminal');
  await browser.close();
})();
