'use strict';
// Shows the numbers of the moment under the pointer. The page is whole without it.
(() => {
  const {end_ms, timeline, faults, phases} = JSON.parse(document.getElementById('slices').textContent);
  const stage = document.getElementById('stage');
  const cursor = document.getElementById('cursor');
  const readout = document.getElementById('readout');
  const rate = count => Math.round(count * 1000 / timeline.bucket_ms);
  const ms = time => time === null ? '–' : (time < 100 ? time.toFixed(1) : Math.round(time)) + ' ms';
  const there = (spans, from, to) => spans.filter(s => s[0] < to && s[1] >= from).map(s => s[2]);

  function show(event) {
    // The plots' margins are the style sheet's to say, as those of the cursor.
    const style = getComputedStyle(stage);
    const [left, inner] = ['--left', '--inner'].map(name => parseFloat(style.getPropertyValue(name)) / 100);
    const box = stage.getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width - left) / inner;
    if (share < 0 || share > 1) return;
    const place = Math.min(Math.floor(share * end_ms / timeline.bucket_ms), timeline.buckets.length - 1);
    const slice = timeline.buckets[place];
    const until = slice.at_ms + timeline.bucket_ms;
    const now = there(faults, slice.at_ms, until);
    const looks = ['servers', 'leases', 'waiters'].filter(name => slice[name] !== null);
    readout.textContent = [
      (slice.at_ms / 1000).toFixed(2) + ' s, ' + there(phases, slice.at_ms, until).join(' and '),
      rate(slice.ok) + ' ok/s',
      rate(slice.failed) + ' failed/s',
      'p50 ' + ms(slice.p50_ms) + ', p99 ' + ms(slice.p99_ms),
      'logins ' + rate(slice.logins_ok) + '/s, refused ' + rate(slice.logins_refused) + '/s',
      slice.clients + ' clients' + looks.map(name => ', ' + slice[name] + ' ' + name).join(''),
      ...(now.length ? now : ['no fault']),
    ].join(' · ');
    cursor.hidden = false;
    cursor.style.setProperty('--at', share);
  }
  stage.addEventListener('pointermove', show);
  stage.addEventListener('pointerdown', show);
})();
