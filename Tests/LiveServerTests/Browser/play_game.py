#!/usr/bin/env python3
"""play_game.py URL TOKEN LOG FOLDER: plays the game of stylize-live on its page in headless Chromium.

LOG is what the game of `Game/player.c` writes. Prints observations as one JSON object and saves screenshots to FOLDER.
"""

import json
import sys
import time
import urllib.request

from browser import Page


def main():
    url, token, log, folder = sys.argv[1:5]
    page = Page(folder)
    seen = {}
    try:
        page.call("Page.navigate", url=url)
        page.wait("document.getElementById('login').open", "the question for the token")
        page.evaluate(f"document.getElementById('token').value = {json.dumps(token)}")
        page.evaluate("document.querySelector('#loginForm button').click()")
        page.wait("!document.getElementById('game').hidden", "controls")
        page.wait("document.querySelector('#stage > canvas:not(#split)')?.width > 0", "a picture")
        # Refusals before the token are expected.
        page.errors.clear()

        def lines():
            with open(log) as file:
                return file.read().splitlines()

        def got(line):
            return page.until(lambda: line in lines(), line)

        def key(kind, code, text, number):
            page.call("Input.dispatchKeyEvent", type=kind, code=code, key=text, windowsVirtualKeyCode=number)

        def mouse(kind, x, y, **more):
            page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

        def holder():
            return page.evaluate("document.getElementById('holder').textContent")

        def state():
            request = urllib.request.Request(f"{url}api/streams/game", headers={"Authorization": f"Bearer {token}"})
            return json.load(urllib.request.urlopen(request, timeout=60))["controls"]

        page.evaluate("document.getElementById('holderName').value = 'Ann'")
        page.evaluate("document.getElementById('controlsButton').click()")
        page.wait("document.getElementById('stage').classList.contains('isPlaying')", "the controls")
        seen["held"] = state()
        seen["button"] = page.evaluate("document.getElementById('controlsButton').textContent")
        # S would compare with the original, and G is for the game.
        for code, text in [("KeyS", "s"), ("KeyG", "g")]:
            key("keyDown", code, text, ord(text.upper()))
            got(f"key {text} down")
        page.evaluate("new Promise((done) => setTimeout(done, 1500))")
        page.screenshot("playing.png")
        for code, text in [("KeyS", "s"), ("KeyG", "g")]:
            key("keyUp", code, text, ord(text.upper()))
            got(f"key {text} up")
        seen["isSplit"] = page.evaluate("document.getElementById('splitButton').getAttribute('aria-pressed')")

        box = page.evaluate(
            "(({ left, top, width, height }) => ({ left, top, width, height }))"
            "(document.getElementById('stage').getBoundingClientRect())")
        x, y = box["left"] + box["width"] / 2, box["top"] + box["height"] / 2
        mouse("mouseMoved", x, y)
        mouse("mousePressed", x, y, button="right", clickCount=1)
        got("button 3 down")
        mouse("mouseReleased", x, y, button="right", clickCount=1)
        got("button 3 up")
        pointer = next(line for line in reversed(lines()) if line.startswith("pointer"))
        seen["pointer"] = [int(word) for word in pointer.split()[1:]]
        mouse("mouseWheel", x, y, deltaX=0, deltaY=100)
        got("button 5 up")

        # A gamepad whose left stick is at its left end and whose first button is down.
        page.evaluate(
            "navigator.getGamepads = () => [{ connected: true, mapping: 'standard', axes: [-1, 0, 0, 0],"
            " buttons: [{ value: 1 }] }]")
        got("key Left down")
        got("key Return down")
        page.evaluate("navigator.getGamepads = () => []")
        got("key Left up")
        got("key Return up")

        # What is down when the picture loses the focus is released, and a click goes on.
        key("keyDown", "KeyA", "a", 65)
        got("key a down")
        page.evaluate("document.getElementById('strength').focus({ preventScroll: true })")
        got("key a up")
        seen["paused"] = holder()
        mouse("mousePressed", x, y, button="left", clickCount=1)
        mouse("mouseReleased", x, y, button="left", clickCount=1)
        got("button 1 up")
        seen["resumed"] = holder()

        key("keyDown", "Escape", "Escape", 27)
        got("key Escape down")
        time.sleep(1.2)
        got("key Escape up")
        page.wait("!document.getElementById('stage').classList.contains('isPlaying')", "the end of the controls")
        seen["free"] = state()

        # Another viewer plays.
        request = urllib.request.Request(
            f"{url}api/streams/game/controls", b'{"name": "Bob"}',
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=60).close()
        page.wait("document.getElementById('holder').textContent.startsWith('Bob')", "the name of the other viewer")
        seen["other"] = holder()
        seen["isHidden"] = page.evaluate("document.getElementById('controlsButton').hidden")
        page.screenshot("watching.png")
        seen["errors"] = page.errors
    finally:
        page.close()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
