"""Tests of the Python package, as it is installed or found through PYTHONPATH.

IMPASTO_TEST_STYLE is a style with a canvas.
"""

import os
import pickle
import subprocess
import sys
import threading
import unittest

import impasto

try:
    import numpy
except ImportError:
    numpy = None

STYLE = os.environ.get("IMPASTO_TEST_STYLE", "starry")
WIDTH, HEIGHT = 48, 30


def picture(samples: int, seed: int = 1) -> bytes:
    """Returns random pixels."""
    value = seed
    result = bytearray()
    for _ in range(WIDTH * HEIGHT * samples):
        value = (value * 1103515245 + 12345) & 0x7FFFFFFF
        result.append(value >> 16 & 255)
    return bytes(result)


class BufferTests(unittest.TestCase):
    """Painting without NumPy."""

    def setUp(self) -> None:
        self.style = impasto.Style(STYLE, threads=2)
        self.addCleanup(self.style.close)

    def test_bytes_become_a_new_buffer(self) -> None:
        source = picture(3)
        painted = self.style.paint(source, WIDTH, HEIGHT)
        self.assertIsInstance(painted, bytearray)
        self.assertEqual(len(painted), len(source))
        self.assertNotEqual(painted, source)
        self.assertEqual(source, picture(3))
        self.assertEqual(painted, self.style.paint(memoryview(source), WIDTH, HEIGHT))

    def test_a_buffer_can_be_painted_in_its_place(self) -> None:
        frame = bytearray(picture(3))
        expected = self.style.paint(frame, WIDTH, HEIGHT)
        self.assertIs(self.style.paint(frame, WIDTH, HEIGHT, out=frame), frame)
        self.assertEqual(frame, expected)

    def test_formats_have_the_same_colours(self) -> None:
        rgb = picture(3)
        painted = self.style.paint(rgb, WIDTH, HEIGHT)
        bgr = bytes(rgb[index - index % 3 + 2 - index % 3] for index in range(len(rgb)))
        result = self.style.paint(bgr, WIDTH, HEIGHT, format="bgr")
        self.assertEqual(result[::3], painted[2::3])
        self.assertEqual(result[2::3], painted[::3])

    def test_buffers_of_another_size_are_refused(self) -> None:
        for source in [b"", picture(3)[:-1], picture(4)]:
            with self.assertRaisesRegex(ValueError, "expected 4320 bytes"):
                self.style.paint(source, WIDTH, HEIGHT)
        with self.assertRaisesRegex(ValueError, "can be written"):
            self.style.paint(picture(3), WIDTH, HEIGHT, out=picture(3))
        with self.assertRaisesRegex(ValueError, "formats"):
            self.style.paint(picture(3), WIDTH, HEIGHT, format="yuv")
        for width, height in [(0, 0), (0, 5), (-1, -1), (2**31, 1), (2**40, 1)]:
            with self.assertRaises(ValueError):
                self.style.paint(b"", width, height)

    def test_settings_change_the_next_picture(self) -> None:
        source = picture(3)
        full = self.style.paint(source, WIDTH, HEIGHT)
        self.style.strength = 0
        self.assertEqual(self.style.paint(source, WIDTH, HEIGHT), source)
        self.style.strength, self.style.preserve_colors = 1, True
        self.assertNotEqual(self.style.paint(source, WIDTH, HEIGHT), full)
        self.style.preserve_colors, self.style.stroke_size = False, "large"
        self.assertEqual(self.style.stroke_size, "large")
        self.style.stroke_size = None
        self.assertEqual(self.style.paint(source, WIDTH, HEIGHT), full)
        with self.assertRaisesRegex(impasto.InvalidArgumentError, "strength is 2"):
            self.style.strength = 2
        self.assertEqual(self.style.strength, 1)
        with self.assertRaisesRegex(ValueError, "'tiny'"):
            self.style.stroke_size = "tiny"


class StyleTests(unittest.TestCase):
    def test_styles_are_listed(self) -> None:
        self.assertIn(STYLE, impasto.styles())
        self.assertEqual(impasto.styles("/no/such/folder"), [])

    def test_errors_are_exceptions(self) -> None:
        with self.assertRaisesRegex(impasto.NoSuchStyleError, "no style of that name") as caught:
            impasto.Style("no_such_style")
        self.assertEqual(caught.exception.status, 3)
        copy = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((type(copy), str(copy)), (impasto.NoSuchStyleError, str(caught.exception)))
        with self.assertRaises(LookupError):
            impasto.Style("/no/such.safetensors")
        with self.assertRaises(impasto.ModelError):
            impasto.Style(__file__)
        for options in [{"threads": 0}, {"threads": -1}, {"threads": 2**40}, {"strength": 2}, {"stroke_size": 1}]:
            with self.assertRaises(ValueError):
                impasto.Style(STYLE, **options)

    def test_a_closed_style_refuses(self) -> None:
        with impasto.Style(STYLE) as style:
            style.prepare(WIDTH, HEIGHT)
        style.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            style.paint(picture(3), WIDTH, HEIGHT)

    def test_threads_paint_at_the_same_time(self) -> None:
        with impasto.Style(STYLE, threads=1) as style:
            expected = [style.paint(picture(3, seed), WIDTH, HEIGHT) for seed in range(4)]
        results: dict[int, bytes] = {}

        def paint(seed: int) -> None:
            with impasto.Style(STYLE, threads=1) as style:
                for _ in range(5):
                    results[seed] = style.paint(picture(3, seed), WIDTH, HEIGHT)

        threads = [threading.Thread(target=paint, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([results[seed] for seed in range(4)], expected)

    def test_a_forked_process_opens_its_own_style(self) -> None:
        # A process of its own, because this one may have threads that a fork would not have.
        script = f"""
import os, impasto
style = impasto.Style({STYLE!r}, threads=2)
size = 3 * {WIDTH} * {HEIGHT}
expected = style.paint(bytes(size), {WIDTH}, {HEIGHT})
child = os.fork()
if child == 0:
    status = 1
    try:
        style.paint(bytes(size), {WIDTH}, {HEIGHT})
    except impasto.Error as error:
        if error.status == 7:
            style.close()
            with impasto.Style({STYLE!r}, threads=2) as own:
                status = 0 if own.paint(bytes(size), {WIDTH}, {HEIGHT}) == expected else 2
    os._exit(status)
_, status = os.waitpid(child, 0)
assert style.paint(bytes(size), {WIDTH}, {HEIGHT}) == expected
raise SystemExit(os.waitstatus_to_exitcode(status))
"""
        result = subprocess.run([sys.executable, "-c", script], timeout=120)
        self.assertEqual(result.returncode, 0)

    def test_numpy_is_not_imported_without_arrays(self) -> None:
        script = f"""
import sys, impasto
impasto.Style({STYLE!r}).paint(bytes(300), 10, 10)
raise SystemExit("numpy" in sys.modules)
"""
        self.assertEqual(subprocess.run([sys.executable, "-c", script], timeout=120).returncode, 0)


@unittest.skipIf(numpy is None, "NumPy is not installed")
class ArrayTests(unittest.TestCase):
    def setUp(self) -> None:
        self.style = impasto.Style(STYLE, threads=2)
        self.addCleanup(self.style.close)

    def array(self, samples: int) -> "numpy.ndarray":
        shape = (HEIGHT, WIDTH, samples) if samples > 1 else (HEIGHT, WIDTH)
        return numpy.frombuffer(picture(samples), numpy.uint8).reshape(shape)

    def test_arrays_are_painted_as_buffers_are(self) -> None:
        for samples, format in [(3, "rgb"), (3, "bgr"), (4, "rgba"), (4, "bgra"), (1, "gray")]:
            source = self.array(samples)
            painted = self.style(source, format=format)
            self.assertEqual((painted.shape, painted.dtype), (source.shape, numpy.uint8))
            self.assertEqual(painted.tobytes(), self.style.paint(source.tobytes(), WIDTH, HEIGHT, format=format))
        rgba = self.array(4)
        painted = self.style(rgba)
        numpy.testing.assert_array_equal(painted[..., 3], rgba[..., 3])
        numpy.testing.assert_array_equal(painted[..., :3], self.style(rgba[..., :3]))

    def test_views_need_no_copy_by_the_caller(self) -> None:
        source = self.array(3)
        for view in [source[::-1], source[:, ::-1], source[::2, ::3], source[5:20, 7:30], source[:1, :1],
                     source.transpose(1, 0, 2), source[..., ::-1], source[::-1][:1]]:
            numpy.testing.assert_array_equal(self.style(view), self.style(numpy.array(view, order="C")))

    def test_out_is_written_and_returned(self) -> None:
        source = self.array(3)
        expected = self.style(source)
        # Rows of a larger picture, whose other pixels stay.
        canvas = numpy.full((HEIGHT + 2, WIDTH + 4, 3), 9, numpy.uint8)
        out = canvas[1:-1, 2:-2]
        self.assertIs(self.style(source, out=out), out)
        numpy.testing.assert_array_equal(out, expected)
        self.assertTrue((canvas[:, :2] == 9).all() and (canvas[0] == 9).all() and (canvas[:, -2:] == 9).all())
        frame = source.copy()
        self.style(frame, out=frame)
        numpy.testing.assert_array_equal(frame, expected)
        for wrong in [numpy.empty((HEIGHT, WIDTH, 4), numpy.uint8), numpy.empty(source.shape, numpy.float32), source,
                      canvas[1:-1, 2:-2][:, ::-1]]:
            with self.assertRaises(ValueError):
                self.style(source, out=wrong)

    def test_other_arrays_are_refused(self) -> None:
        for wrong in [self.array(3).astype(numpy.float32), self.array(3)[..., :2], self.array(3).reshape(-1),
                      self.array(3)[None], [[1, 2], [3, 4]]]:
            with self.assertRaises(TypeError):
                self.style(wrong)
        with self.assertRaisesRegex(ValueError, "4 samples"):
            self.style(self.array(3), format="bgra")
        with self.assertRaises(ValueError):
            self.style(numpy.empty((0, 5, 3), numpy.uint8))


if __name__ == "__main__":
    unittest.main()
