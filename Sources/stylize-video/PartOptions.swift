import ArgumentParser
import FFmpeg
import Foundation
import Streaming

/// The options for films that are painted in parts.
struct PartOptions: ParsableArguments {
  @Flag(
    help: """
      Keep the encoded segments in OUTPUT.resume until the film is complete. If the run is interrupted in any way, the \
      same command goes on from there.
      """)
  var resume = false

  @Option(
    help: ArgumentHelp(
      "Paint one part of the film, such as 3/12, into the folder OUTPUT. What is there is not painted again.",
      valueName: "number/count"),
    transform: PartOptions.parse)
  var part: FilmPart?

  @Flag(help: "Paint the part of this process, of as many parts as mpirun or srun has started processes.")
  var mpi = false

  @Flag(help: "Join the parts in the folder INPUT to the film OUTPUT, without encoding them again.")
  var join = false

  @Option(
    help: ArgumentHelp(
      "With --join: the film that was painted. (default: where it was when it was painted)", valueName: "file"))
  var source: String?

  func validate() throws {
    let modes = [("--resume", resume), ("--part", part != nil), ("--mpi", mpi), ("--join", join)]
    let chosen = modes.filter { $0.1 }.map { $0.0 }
    if chosen.count > 1 { throw ValidationError("\(chosen[0]) cannot be combined with \(chosen[1])") }
    if source != nil, !join { throw ValidationError("--source needs --join") }
  }

  @Sendable static func parse(_ text: String) throws -> FilmPart {
    guard let part = FilmPart(text) else {
      throw ValidationError("expected the number of the part and the number of parts, such as 3/12, found '\(text)'")
    }
    return part
  }

  /// The part to paint; nil for the whole film at once.
  ///
  /// - Throws: `ValidationError` if `--mpi` is given and no launcher has started this process.
  func chosenPart() throws -> FilmPart? {
    mpi ? try ProcessRank.part(in: ProcessInfo.processInfo.environment) : part
  }
}

/// The place of this process among those that a launcher has started.
///
/// Launchers tell it in the environment, so that no library of MPI is needed, and any version of any of them will do.
enum ProcessRank {
  /// The variables of the rank, from 0, and of the number of processes.
  private static let variables = [
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),  // Open MPI
    ("PMI_RANK", "PMI_SIZE"),  // MPICH, Intel MPI
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),  // MVAPICH2
    ("SLURM_PROCID", "SLURM_NTASKS"),  // srun
  ]

  /// Returns the part of this process.
  ///
  /// - Throws: `ValidationError` if the environment has no such variables.
  static func part(in environment: [String: String]) throws -> FilmPart {
    for (rank, size) in variables {
      guard let rank = environment[rank].flatMap({ Int($0) }), let size = environment[size].flatMap({ Int($0) }),
        let part = FilmPart(rank + 1, of: size)
      else { continue }
      return part
    }
    throw ValidationError(
      "--mpi needs a launcher such as 'mpirun -n 4' or 'srun -n 4', and finds none of its variables, "
        + variables.map { $0.0 }.joined(separator: ", "))
  }
}

extension FormatOptions {
  /// Returns the container for which parts are encoded: that of `--output-format`, or else that of the film if it
  /// stores a time for each frame, or else MP4.
  func container(of input: String, in folder: String) throws -> MediaTarget {
    let own = Muxer.containerName(for: input)
    let format = outputFormat ?? (own.flatMap { ["mp4", "mov", "matroska", "webm"].contains($0) ? $0 : nil }) ?? "mp4"
    var options = self
    options.outputFormat = format
    return try options.target(folder)
  }
}
