// A small game for tests: a blue window, green while G is down. It writes what it gets to the file of its argument,
// a line each, after a first line with its process and its cookie's file. Q ends it with status 7.
#include <X11/XKBlib.h>
#include <X11/Xlib.h>
#include <X11/keysym.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char **arguments) {
  FILE *log = count > 1 ? fopen(arguments[1], "a") : NULL;
  Display *display = XOpenDisplay(NULL);
  if (!log || !display) return 1;
  setvbuf(log, NULL, _IOLBF, BUFSIZ);
  int screen = DefaultScreen(display);
  unsigned width = (unsigned)DisplayWidth(display, screen), height = (unsigned)DisplayHeight(display, screen);
  unsigned long blue = 0x2020F0, green = 0x20F020;
  Window window = XCreateSimpleWindow(display, DefaultRootWindow(display), 0, 0, width, height, 0, 0, blue);
  XSelectInput(display, window, KeyPressMask | KeyReleaseMask | ButtonPressMask | ButtonReleaseMask | PointerMotionMask | StructureNotifyMask);
  XMapWindow(display, window);
  Bool isSeparate;
  XkbSetDetectableAutoRepeat(display, True, &isSeparate);
  for (;;) {
    XEvent event;
    XNextEvent(display, &event);
    switch (event.type) {
      case MapNotify:
        // There is no window manager that would do it.
        XSetInputFocus(display, window, RevertToParent, CurrentTime);
        XSync(display, False);
        fprintf(log, "started %d %s\n", (int)getpid(), getenv("XAUTHORITY"));
        break;
      case KeyPress:
      case KeyRelease: {
        int isDown = event.type == KeyPress;
        KeySym key = XLookupKeysym(&event.xkey, 0);
        fprintf(log, "key %s %s\n", XKeysymToString(key), isDown ? "down" : "up");
        if (key == XK_q) return 7;
        if (key == XK_g) {
          XSetWindowBackground(display, window, isDown ? green : blue);
          XClearWindow(display, window);
        }
        break;
      }
      case ButtonPress:
      case ButtonRelease:
        fprintf(log, "button %u %s\n", event.xbutton.button, event.type == ButtonPress ? "down" : "up");
        break;
      case MotionNotify:
        fprintf(log, "pointer %d %d\n", event.xmotion.x, event.xmotion.y);
        break;
    }
  }
}
