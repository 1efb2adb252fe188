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
  let again = false;

  // Parts in which somebody types or selects are left alone.
  const isInUse = part => part.querySelector('form[data-dirty]') !== null
    || (part.contains(document.activeElement) && document.activeElement.matches('input, select, textarea, iframe'));

  // What a link or button says and does: its successor in a new part gets the focus.
  const nameOf = element => [
    element.tagName, element.getAttribute('href'), element.form?.getAttribute('action'),
    element.getAttribute('formaction'), element.textContent.trim(),
  ].join();

  const exchange = (part, act) => {
    const focused = part.contains(document.activeElement) ? nameOf(document.activeElement) : null;
    const fresh = act();
    if (focused !== null)
      [...fresh.querySelectorAll('a, button, summary')].find(element => nameOf(element) === focused)
        ?.focus({ preventScroll: true });
  };

  const replace = text => {
    const next = new DOMParser().parseFromString(`<main>${text}</main>`, 'text/html').querySelector('main');
    const parts = [...main.querySelectorAll('[data-part]')];
    const nextParts = [...next.querySelectorAll('[data-part]')];
    const names = list => list.map(part => part.dataset.part).join();
    if (names(parts) !== names(nextParts)) {
      if (!isInUse(main)) exchange(main, () => { main.replaceChildren(...next.childNodes); return main; });
      return;
    }
    parts.forEach((part, i) => {
      const fresh = nextParts[i];
      // What somebody has unfolded stays unfolded.
      const folds = fresh.querySelectorAll('details');
      part.querySelectorAll('details').forEach((fold, j) => { if (folds[j]) folds[j].open = fold.open; });
      if (part.outerHTML !== fresh.outerHTML && !isInUse(part))
        exchange(part, () => { part.replaceWith(fresh); return fresh; });
    });
  };

  // Says that the page is old, and why; an empty text says that it is not.
  const say = text => { if (note.textContent !== text) note.textContent = text; };
  const sayOld = why => say(`${why} This page shows how it was at ${updated.textContent}, and tries again by itself.`);

  const signIn = () => {
    if (!main.querySelector('form[data-dirty]')) { location.reload(); return; }
    stop();
    say('Your session has ended. Copy what you have typed, then load this page again to sign in.');
  };

  const take = async answer => {
    if (answer.status === 401 || answer.status === 403) { signIn(); return; }
    if (answer.ok) { etag = answer.headers.get('ETag'); replace(await answer.text()); }
    if (answer.ok || answer.status === 304) {
      updated.textContent = answer.headers.get('X-Updated') ?? updated.textContent;
      say('');
    } else if (answer.status === 404) { stop(); say('What this page shows is no longer there. Load it again to see why.'); }
    else sayOld(`The server answered ${answer.status}.`);
  };

  const refresh = async () => {
    if (document.hidden) return;
    // What changes while an answer is on its way is asked for afterwards.
    if (busy) { again = true; return; }
    busy = true;
    try {
      const url = new URL(location.href);
      url.searchParams.set('part', 'main');
      await take(await fetch(url, { headers: etag ? { 'If-None-Match': etag } : {}, cache: 'no-store', redirect: 'error' }));
    } catch {
      sayOld('The server does not answer.');
    } finally {
      busy = false;
      if (again) { again = false; refresh(); }
    }
  };

  const stop = () => { source?.close(); source = null; clearInterval(timer); timer = 0; again = false; };
  const poll = () => { refresh(); timer ||= setInterval(refresh, 5000); };
  const start = () => {
    stop();
    if (!live.checked || document.hidden) return;
    if (!main.dataset.events) { poll(); return; }
    source = new EventSource(main.dataset.events);
    // A stream tells only what changes while it is open.
    source.addEventListener('open', refresh);
    source.addEventListener('changed', refresh);
    // Where a proxy lets no stream through, pages poll. A stream that only broke is opened again by the browser.
    source.addEventListener('error', () => { if (source?.readyState === EventSource.CLOSED) poll(); else refresh(); });
  };

  const isLive = live && main?.dataset.live !== undefined;
  if (isLive) {
    live.checked = read();
    live.addEventListener('change', () => { write(live.checked); start(); });
    document.addEventListener('visibilitychange', start);
    document.addEventListener('input', event => event.target.closest('form')?.setAttribute('data-dirty', ''));
    start();
  }

  // A second click while the first is on its way would act twice.
  document.addEventListener('submit', event => {
    const form = event.target;
    if (form.getAttribute('method') !== 'post') return;
    if ('sent' in form.dataset) { event.preventDefault(); return; }
    form.dataset.sent = '';
    setTimeout(() => delete form.dataset.sent, 10_000);
  });

  // A page that the browser kept, and shows again for "back", is old.
  addEventListener('pageshow', event => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
    if (isLive) start();
  });

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
