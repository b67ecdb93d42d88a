import Foundation
import LiveServer
import TestSupport
import Testing

/// The server with a certificate of its own, as curl sees it.
@Suite struct TLSTests {
  static let areInstalled = ["openssl", "curl"].allSatisfy { BuiltProgram.onPath($0) != nil }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func makeCertificate(_ name: String) throws {
    let openssl = try #require(BuiltProgram.onPath("openssl"))
    let result = try openssl.run(
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "\(name)-key.pem", "-out", "\(name).pem",
      ], folder: folder.path)
    try #require(result.exitCode == 0, "\(result.errors)")
  }

  private func identity(_ certificate: String, _ key: String) throws -> ServerIdentity {
    try ServerIdentity(certificateFile: folder.file(certificate), keyFile: folder.file(key))
  }

  @Test(.enabled(if: areInstalled)) func theServerSpeaksTLS() throws {
    try makeCertificate("a")
    let token = "a token of some length"
    let server = try RunningServer(options: .init(port: 0, token: token, identity: try identity("a.pem", "a-key.pem")))
    let curl = try #require(BuiltProgram.onPath("curl"))
    func ask(_ arguments: String...) throws -> BuiltProgram.Result {
      try curl.run(["-sS", "--noproxy", "*", "-m", "60"] + arguments, folder: folder.path)
    }
    let origin = "https://localhost:\(server.port)"
    let login = try ask(
      "--cacert", "a.pem", "-i", "-X", "POST", "-H", "Authorization: Bearer \(token)", "-H", "Origin: \(origin)",
      "\(origin)/api/session")
    #expect(login.output.contains("204") && login.output.lowercased().contains("secure"), "\(login)")
    #expect(try ask("--cacert", "a.pem", "\(origin)/").output.contains("<title>"))
    // A body that nobody reads.
    try folder.write([UInt8](repeating: 0, count: 3_000_000), to: "body")
    let refused = try ask("--cacert", "a.pem", "-w", "%{http_code}", "--data-binary", "@body", "\(origin)/none")
    #expect(refused.output.contains("401") || refused.output.contains("404"), "\(refused)")
    // Neither without the certificate nor without TLS.
    #expect(try ask("\(origin)/").exitCode != 0)
    #expect(try ask("http://localhost:\(server.port)/").exitCode != 0)
  }

  @Test(.enabled(if: areInstalled)) func unusableFilesAreReported() throws {
    try makeCertificate("a")
    try makeCertificate("b")
    try folder.write(Array("no certificate".utf8), to: "text.pem")
    #expect(throws: LiveServerError.self) { try identity("text.pem", "a-key.pem") }
    #expect(throws: LiveServerError.self) { try identity("a.pem", "text.pem") }
    #expect(throws: LiveServerError.self) { try identity("a.pem", "none.pem") }
    let other = try identity("a.pem", "b-key.pem")
    #expect(throws: LiveServerError.unusableIdentity) { try RunningServer(options: .init(port: 0, identity: other)) }
  }
}
