// The page: views are set up once, then the workspace is followed.

import { follow } from './stream.js';
import { on } from './state.js';
import { place, settle } from './places.js';
import { remembered, remember } from './people.js';
import { sidebarView } from './sidebar.js';
import { channelView } from './channel.js';
import { threadView } from './thread.js';
import { homeView } from './home.js';
import { modalView } from './modal.js';
import { panelView } from './panel.js';
import { screensView } from './screens.js';
import { stepsView } from './steps.js';
import { trouble } from './notice.js';

const GRACE = 1500; // milliseconds for which a broken stream is not worth a word

let warning = 0;

// streaming shows a banner while the server cannot be reached.
function streaming(there) {
  clearTimeout(warning);
  document.body.dataset.live = there;
  const banner = document.getElementById('banner');
  if (there) {
    banner.hidden = true;
    return;
  }
  warning = setTimeout(() => {
    banner.textContent = 'The local Slack does not answer. If the demo has ended, start it again; this page finds it by itself.';
    banner.hidden = false;
  }, GRACE);
}

// become shows the workspace as somebody else.
async function become(id) {
  remember(id);
  document.body.dataset.live = false;
  await follow(id, streaming);
}

on('workspace', settle);
sidebarView((id) => become(id).catch(trouble));
channelView();
threadView();
homeView();
modalView();
panelView();
screensView();
stepsView(become);

async function begin() {
  try {
    await become(remembered());
  } catch {
    remember(''); // the person of an earlier demo
    await become('');
  }
  document.getElementById('app').removeAttribute('aria-busy');
  if (place.channel) document.getElementById('composer').focus();
}

begin().catch(trouble);
