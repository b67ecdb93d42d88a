import Console

Program.run(StylizeVideo.self)
