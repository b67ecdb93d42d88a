// Input for an X display through its XTEST extension. libxcb and libxcb-xtest are loaded when a connection is made, so
// that programs start where they are not installed. Unlike libX11, they have no handlers that end the process.
#ifndef CXTEST_H
#define CXTEST_H

#include <stddef.h>
#include <stdint.h>

/// A connection to a display. One thread at a time may use it.
typedef struct cxtest_connection cxtest_connection;

/// Why there is no connection.
typedef enum {
  CXTEST_CONNECTED,
  /// libxcb or libxcb-xtest is not installed.
  CXTEST_NO_LIBRARY,
  /// There is no such display, or it admits nobody without the right cookie.
  CXTEST_NO_DISPLAY,
  /// The display lacks the XTEST extension.
  CXTEST_NO_EXTENSION,
} cxtest_status;

/// Connects to the display called `name`, such as ":7". The caller disconnects.
///
/// `cookie` has the 16 bytes of a MIT-MAGIC-COOKIE-1; null for the one in the user's authority file.
cxtest_status cxtest_connect(const char *name, const uint8_t *cookie, cxtest_connection **connection);

/// Closes the connection and frees its memory.
void cxtest_disconnect(cxtest_connection *connection);

/// The width and the height of the screen in pixels.
int cxtest_width(const cxtest_connection *connection);
int cxtest_height(const cxtest_connection *connection);

/// Presses or releases the key with an X keycode, 8 to 255.
void cxtest_key(cxtest_connection *connection, uint8_t keycode, int is_down);

/// Presses or releases a button of the pointer, by its X number from 1.
void cxtest_button(cxtest_connection *connection, uint8_t button, int is_down);

/// Moves the pointer to a pixel of the screen.
void cxtest_move_to(cxtest_connection *connection, int16_t x, int16_t y);

/// Moves the pointer by a number of pixels.
void cxtest_move_by(cxtest_connection *connection, int16_t x, int16_t y);

/// Sends what is buffered, and drops what the display has sent. Returns 0, or -1 if the connection is lost.
int cxtest_flush(cxtest_connection *connection);

#endif
