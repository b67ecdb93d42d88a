import CImpasto
import CProcessor
import Inference
import Networks

/// An error with the status that the caller of the C interface gets.
struct Failure: Error {
  let status: impasto_status
  /// One sentence with what was found and what was expected.
  let message: String

  init(_ status: impasto_status, _ message: String) {
    self.status = status
    self.message = message
  }

  init(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as MissingStyle: self.init(IMPASTO_NO_SUCH_STYLE, error.description)
    case let error as InferenceError: self.init(Self.status(of: error), error.description)
    case let error as ModelError: self.init(Self.status(of: error), error.description)
    // The errors of reading a file.
    default: self.init(IMPASTO_UNREADABLE_MODEL, "\(error)")
    }
  }

  private static func status(of error: InferenceError) -> impasto_status {
    switch error {
    case .insufficientMemory: IMPASTO_OUT_OF_MEMORY
    case .missingParameter, .wrongShape: IMPASTO_UNREADABLE_MODEL
    case .unsupportedSize, .strideTooSmall, .wrongInput, .unsupportedCanvas: IMPASTO_INVALID_ARGUMENT
    }
  }

  private static func status(of error: ModelError) -> impasto_status {
    switch error {
    case .invalidStrokes, .invalidCanvas, .noCanvas: IMPASTO_INVALID_ARGUMENT
    default: IMPASTO_UNREADABLE_MODEL
    }
  }
}

/// Runs the body of a call and returns its status. An error becomes the last error of the thread.
///
/// Everything else here is compiled for AVX2 and FMA, so this check comes first.
func status(of body: () throws -> Void) -> impasto_status {
  guard impasto_processor_is_supported() != 0 else {
    return impasto_fail(IMPASTO_UNSUPPORTED_PROCESSOR, impasto_error_message(IMPASTO_UNSUPPORTED_PROCESSOR))
  }
  do {
    try body()
    return IMPASTO_OK
  } catch {
    let failure = Failure(error)
    return impasto_fail(failure.status, failure.message)
  }
}
