#!/usr/bin/env python3
"""train.py URL FOLDER AXE GO: drops a painting on the page of stylize-live, and manages the style that it becomes.

The training of the server must wait for the file GO. Prints its observations as one JSON object.
"""

import json
import os
import sys

from browser import Page
from watch import open_page


def main():
    url, folder, axe, go = sys.argv[1:]
    page = Page(folder)
    seen = {}
    try:
        page.resize(1280, 800)
        open_page(page, url)
        page.wait("page.training.isPossible", "training")
        page.drop(os.path.join(folder, "painting.png"), "My Sea.png", "image/png")
        # At once, before the server has answered.
        seen["atOnce"] = page.evaluate("""(() => {
          const row = document.querySelector('#jobs .job');
          const box = row?.getBoundingClientRect();
          return Boolean(row?.querySelector('.painted').src.startsWith('blob:') && box.height > 40 && box.bottom <= innerHeight);
        })()""")
        seen["running"] = page.wait("/left, measured on this machine/.test(document.querySelector('.job .status').textContent) && document.querySelector('.job .status').textContent", "the time")
        page.wait("document.querySelector('.job .enlarge img').naturalWidth > 0", "a preview")
        seen["axe"] = page.faults(axe)
        page.click(".job .enlarge")
        page.wait("document.getElementById('larger').open && document.getElementById('largerPicture').naturalWidth > 0", "the larger preview")
        page.evaluate("document.getElementById('larger').close()")
        # The button with the focus goes when the training ends.
        page.evaluate("document.querySelector('.job .cancel').focus()")
        page.screenshot("running.png")
        with open(go, "w", encoding="utf-8"):
            pass
        page.wait("!document.querySelector('.job .use').hidden", "a style to use")
        seen["focus"] = page.evaluate("document.activeElement.className")
        page.screenshot("finished.png")
        page.evaluate("document.querySelector('.job .use').click()")
        page.wait("page.stream.styles[0].name === 'my-sea' && document.getElementById('jobs').children.length === 0", "the style")
        seen["focusAfterUse"] = page.evaluate("document.activeElement !== document.body")
        seen["usual"] = page.wait("page.training.usualSeconds !== undefined && document.getElementById('usualTime').textContent", "the usual time")

        manage = ".style[data-style=my-sea]"
        page.wait(f"!document.querySelector('{manage}').closest('li').querySelector('.manage').hidden", "the button")
        page.evaluate(f"document.querySelector('{manage}').closest('li').querySelector('.manage').click()")
        page.evaluate("document.getElementById('ownName').value = 'first'; document.getElementById('ownName').dispatchEvent(new Event('input'))")
        seen["taken"] = page.evaluate("document.getElementById('ownNameHint').textContent")
        page.evaluate("document.getElementById('ownName').value = 'Grey Sea!'; document.getElementById('ownName').dispatchEvent(new Event('input'))")
        seen["hint"] = page.evaluate("document.getElementById('ownNameHint').textContent")
        seen["axe"] += page.faults(axe)
        page.click("#ownRename")
        page.wait("page.stream.styles[0].name === 'grey-sea' && !document.getElementById('own').open", "the other name")
        page.wait("Boolean(document.querySelector('.style[data-style=grey-sea]'))", "the card")
        seen["download"] = page.evaluate("fetch('/api/styles/grey-sea/model').then(({ status }) => status)")
        page.evaluate("document.querySelector('.style[data-style=grey-sea]').closest('li').querySelector('.manage').click()")
        page.click("#ownDelete")
        seen["warning"] = page.evaluate("document.getElementById('ownError').textContent")
        page.click("#ownDelete")
        page.wait("page.stream.styles[0].name === 'first' && !document.getElementById('own').open", "the style before")
        page.wait("!document.querySelector('.style[data-style=grey-sea]')", "the end of the card")
        seen["notice"] = page.evaluate("document.getElementById('noticeText').textContent")
    except (TimeoutError, RuntimeError) as error:
        page.screenshot("failure.png")
        print(f"train.py: {error}; the page: {page.evaluate('document.body.innerText')[:900]}; {page.errors}; {seen}", file=sys.stderr)
        sys.exit(1)
    finally:
        page.close()
    seen["errors"] = page.errors
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
