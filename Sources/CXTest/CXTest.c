#include "CXTest.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <xcb/xcb.h>
#include <xcb/xtest.h>

// The functions of both libraries, with the types of their headers.
#define FUNCTIONS(load)                                                                             \
  load(xcb, xcb_connect) load(xcb, xcb_connect_to_display_with_auth_info) load(xcb, xcb_disconnect) \
  load(xcb, xcb_connection_has_error) load(xcb, xcb_get_setup) load(xcb, xcb_setup_roots_iterator)  \
  load(xcb, xcb_screen_next) load(xcb, xcb_get_extension_data) load(xcb, xcb_flush)                 \
  load(xcb, xcb_poll_for_event) load(xtest, xcb_test_fake_input)

static struct {
#define DECLARE(library, name) __typeof__(&name) name;
  FUNCTIONS(DECLARE)
  xcb_extension_t *test_id;
  int is_loaded;
} x;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load_libraries(void) {
  void *xcb = dlopen("libxcb.so.1", RTLD_NOW | RTLD_LOCAL);
  void *xtest = dlopen("libxcb-xtest.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!xcb || !xtest) return;
  int is_complete = 1;
#define LOAD(library, name)                              \
  x.name = (__typeof__(&name))dlsym(library, #name);     \
  is_complete &= x.name != NULL;
  FUNCTIONS(LOAD)
  x.test_id = dlsym(xtest, "xcb_test_id");
  x.is_loaded = is_complete && x.test_id;
}

struct cxtest_connection {
  xcb_connection_t *xcb;
  xcb_window_t root;
  int width;
  int height;
};

cxtest_status cxtest_connect(const char *name, const uint8_t *cookie, cxtest_connection **connection) {
  *connection = NULL;
  pthread_once(&once, load_libraries);
  if (!x.is_loaded) return CXTEST_NO_LIBRARY;
  char method[] = "MIT-MAGIC-COOKIE-1";
  char data[16];
  for (int i = 0; cookie && i < 16; i++) data[i] = (char)cookie[i];
  xcb_auth_info_t authority = {sizeof(method) - 1, method, sizeof(data), data};
  int number = 0;
  xcb_connection_t *xcb = cookie ? x.xcb_connect_to_display_with_auth_info(name, &authority, &number)
                                 : x.xcb_connect(name, &number);
  // Never null: a failure is a connection with an error, which must be closed as well.
  if (x.xcb_connection_has_error(xcb)) {
    x.xcb_disconnect(xcb);
    return CXTEST_NO_DISPLAY;
  }
  xcb_screen_iterator_t screen = x.xcb_setup_roots_iterator(x.xcb_get_setup(xcb));
  while (number-- > 0 && screen.rem > 1) x.xcb_screen_next(&screen);
  const xcb_query_extension_reply_t *extension = x.xcb_get_extension_data(xcb, x.test_id);
  cxtest_connection *result = extension && extension->present && screen.rem > 0 ? calloc(1, sizeof(*result)) : NULL;
  if (!result) {
    x.xcb_disconnect(xcb);
    return CXTEST_NO_EXTENSION;
  }
  result->xcb = xcb;
  result->root = screen.data->root;
  result->width = screen.data->width_in_pixels;
  result->height = screen.data->height_in_pixels;
  *connection = result;
  return CXTEST_CONNECTED;
}

void cxtest_disconnect(cxtest_connection *connection) {
  x.xcb_disconnect(connection->xcb);
  free(connection);
}

int cxtest_width(const cxtest_connection *connection) { return connection->width; }
int cxtest_height(const cxtest_connection *connection) { return connection->height; }

void cxtest_key(cxtest_connection *connection, uint8_t keycode, int is_down) {
  uint8_t type = is_down ? XCB_KEY_PRESS : XCB_KEY_RELEASE;
  x.xcb_test_fake_input(connection->xcb, type, keycode, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
}

void cxtest_button(cxtest_connection *connection, uint8_t button, int is_down) {
  uint8_t type = is_down ? XCB_BUTTON_PRESS : XCB_BUTTON_RELEASE;
  x.xcb_test_fake_input(connection->xcb, type, button, XCB_CURRENT_TIME, XCB_NONE, 0, 0, 0);
}

void cxtest_move_to(cxtest_connection *connection, int16_t left, int16_t top) {
  x.xcb_test_fake_input(connection->xcb, XCB_MOTION_NOTIFY, 0, XCB_CURRENT_TIME, connection->root, left, top, 0);
}

void cxtest_move_by(cxtest_connection *connection, int16_t right, int16_t down) {
  // Detail 1 means relative.
  x.xcb_test_fake_input(connection->xcb, XCB_MOTION_NOTIFY, 1, XCB_CURRENT_TIME, XCB_NONE, right, down, 0);
}

int cxtest_flush(cxtest_connection *connection) {
  x.xcb_flush(connection->xcb);
  // Every client gets some events, such as changes of the keyboard, and errors. They would pile up.
  xcb_generic_event_t *event;
  while ((event = x.xcb_poll_for_event(connection->xcb))) free(event);
  return x.xcb_connection_has_error(connection->xcb) ? -1 : 0;
}
