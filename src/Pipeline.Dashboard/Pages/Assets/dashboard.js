// Keeps pages current, and helps with forms. Every page works without it.
(() => {
  'use strict';
  const root = document.documentElement;
  root.classList.add('scripted');

  // The switch: whether this browser wants pages to update themselves.
  const key = 'pipeline-live';
  const read = () => { try { return localStorage.getItem(key) !== 'off'; } catch { return true; } };
  const write = on => { try { localStorage.setItem(key, on ? 'on' : 'off'); } catch { /* Private windows keep nothing. */ } };
  const main = document.getElementById('main');
  const live = document.getElementById('live');
  const note = document.getElementById('live-note');
  const updated = document.getElementById('updated');

  let etag = null;
  let source = null;
  let timer = 0;
  let busy = false;

  // Parts that somebody is using are left alone; so are those that have not changed.
  const isInUse = part => part.contains(document.activeElement) && document.activeElement !== document.body
    || part.querySelector('form[data-dirty]') !== null;

  const replace = text => {
    const next = new DOMParser().parseFromString(`<main>${text}</main>`, 'text/html').querySelector('main');
    const parts = [...main.querySelectorAll('[data-part]')];
    const nextParts = [...next.querySelectorAll('[data-part]')];
    const names = list => list.map(part => part.dataset.part).join();
    if (names(parts) !== names(nextParts)) {
      if (!isInUse(main)) main.replaceChildren(...next.childNodes);
      return;
    }
    parts.forEach((part, i) => {
      // What somebody has unfolded stays unfolded.
      const folds = nextParts[i].querySelectorAll('details');
      part.querySelectorAll('details').forEach((fold, j) => { if (folds[j]) folds[j].open = fold.open; });
      if (part.outerHTML !== nextParts[i].outerHTML && !isInUse(part)) part.replaceWith(nextParts[i]);
    });
  };

  const refresh = async () => {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const url = new URL(location.href);
      url.searchParams.set('part', 'main');
      const answer = await fetch(url, { headers: etag ? { 'If-None-Match': etag } : {}, cache: 'no-store', redirect: 'error' });
      if (answer.status === 401 || answer.status === 403) { location.reload(); return; }
      if (answer.ok) { etag = answer.headers.get('ETag'); replace(await answer.text()); }
      if (answer.ok || answer.status === 304) {
        updated.textContent = answer.headers.get('X-Updated') ?? updated.textContent;
        note.textContent = '';
      } else note.textContent = `The server answered ${answer.status}.`;
    } catch {
      note.textContent = 'The server does not answer. Is it still running?';
    } finally {
      busy = false;
    }
  };

  const stop = () => { source?.close(); source = null; clearInterval(timer); timer = 0; };
  const poll = () => { if (!timer) timer = setInterval(refresh, 5000); };
  const start = () => {
    stop();
    if (!live.checked || document.hidden) return;
    refresh();
    if (!main.dataset.events) { poll(); return; }
    source = new EventSource(main.dataset.events);
    source.addEventListener('changed', refresh);
    // Where a proxy lets no stream through, pages poll. A stream that only broke is opened again by the browser.
    source.addEventListener('error', () => { if (source?.readyState === EventSource.CLOSED) poll(); else refresh(); });
  };

  if (live && main?.dataset.live !== undefined) {
    live.checked = read();
    live.addEventListener('change', () => { write(live.checked); start(); });
    document.addEventListener('visibilitychange', start);
    document.addEventListener('input', event => event.target.closest('form')?.setAttribute('data-dirty', ''));
    start();
  }

  // Drag a list onto the form, or onto its text.
  for (const drop of document.querySelectorAll('.drop')) {
    const file = drop.querySelector('input[type=file]');
    const over = on => event => { event.preventDefault(); drop.classList.toggle('over', on); };
    drop.addEventListener('dragover', over(true));
    drop.addEventListener('dragleave', over(false));
    drop.addEventListener('drop', event => {
      over(false)(event);
      if (event.dataTransfer.files.length) file.files = event.dataTransfer.files;
      else drop.querySelector('textarea').value = event.dataTransfer.getData('text/uri-list') || event.dataTransfer.getData('text');
    });
  }

  // One box selects all rows of its form.
  document.addEventListener('change', event => {
    if (event.target.matches('[data-all]'))
      for (const box of event.target.form.querySelectorAll('input[name=row], input[name=list]')) box.checked = event.target.checked;
  });
})();
