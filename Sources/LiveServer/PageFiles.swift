import FFmpeg
import Hummingbird

/// The files of the page. They are inside the program, so that an installed program has them.
enum PageFiles {
  /// A file of the page.
  struct File: Sendable {
    let content: [UInt8]
    let mediaType: String
    /// Identifies the content, as a quoted entity tag (RFC 9110, section 8.8.3).
    let entityTag: String

    fileprivate init(_ content: [UInt8], _ mediaType: String) {
      self.content = content
      self.mediaType = "\(mediaType); charset=utf-8"
      var digest = SHA256()
      digest?.update(content)
      entityTag = "\"\(digest?.hexDigest() ?? "\(content.count)")\""
    }

    fileprivate static func script(_ content: [UInt8]) -> File { File(content, "text/javascript") }
    fileprivate static func styles(_ content: [UInt8]) -> File { File(content, "text/css") }
  }

  /// The document, which the server sends at `/`.
  static let document = File(PackageResources.index_html, "text/html")

  /// The files that the document and its modules name, as `/page/NAME`. A test compares the names with the folder.
  static let files: [String: File] = [
    "adjustments.js": .script(PackageResources.adjustments_js),
    "app.css": .styles(PackageResources.app_css),
    "app.js": .script(PackageResources.app_js),
    "capture-worker.js": .script(PackageResources.capture_worker_js),
    "capture.js": .script(PackageResources.capture_js),
    "controls.css": .styles(PackageResources.controls_css),
    "divider.js": .script(PackageResources.divider_js),
    "elements.js": .script(PackageResources.elements_js),
    "events.js": .script(PackageResources.events_js),
    "floating.js": .script(PackageResources.floating_js),
    "game-controls.js": .script(PackageResources.game_controls_js),
    "game.js": .script(PackageResources.game_js),
    "keyboard.js": .script(PackageResources.keyboard_js),
    "link.js": .script(PackageResources.link_js),
    "mixing.js": .script(PackageResources.mixing_js),
    "notices.js": .script(PackageResources.notices_js),
    "own-styles.js": .script(PackageResources.own_styles_js),
    "picture.js": .script(PackageResources.picture_js),
    "player-chunks.js": .script(PackageResources.player_chunks_js),
    "player-clock.js": .script(PackageResources.player_clock_js),
    "player-connection.js": .script(PackageResources.player_connection_js),
    "player-fragments.js": .script(PackageResources.player_fragments_js),
    "player-pictures.js": .script(PackageResources.player_pictures_js),
    "player-sound.js": .script(PackageResources.player_sound_js),
    "player.js": .script(PackageResources.player_js),
    "previews.js": .script(PackageResources.previews_js),
    "recording.js": .script(PackageResources.recording_js),
    "requests.js": .script(PackageResources.requests_js),
    "sources.js": .script(PackageResources.sources_js),
    "state.js": .script(PackageResources.state_js),
    "styles.js": .script(PackageResources.styles_js),
    "training.js": .script(PackageResources.training_js),
  ]

  /// Returns a response with `file`, or only its tag if the client has it already. Clients keep files, and ask whether
  /// they are up to date.
  static func response(to request: Request, _ file: File) -> Response {
    let known = request.headers[.ifNoneMatch]?.split(separator: ",").contains { $0.contains(file.entityTag) } ?? false
    var response =
      known ? Response(status: .notModified) : Answer.bytes(file.content, file.mediaType)
    response.headers[.eTag] = file.entityTag
    response.headers[.cacheControl] = "no-cache"
    return response
  }
}
